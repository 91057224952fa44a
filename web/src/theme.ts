import { useMonaco } from '@graphiql/react'
import { useEffect } from 'react'

const palette = {
  light: { accent: '#55601f', wash: '#55601f1c', raised: '#ffffff' },
  dark: { accent: '#cdb56f', wash: '#cdb56f22', raised: '#262b2e' },
}

/** GraphiQL names its two editor themes so; to define them again is to recolour them. */
const themes = [
  { name: 'graphiql-LIGHT', base: 'vs', ...palette.light, argument: '8a5a00' },
  { name: 'graphiql-DARK', base: 'vs-dark', ...palette.dark, argument: 'd9a066' },
] as const

/** The editors in the colours of the product instead of GraphiQL's pink. */
export function useEditorColours(): void {
  const monaco = useMonaco((state) => state.monaco)
  useEffect(() => {
    if (!monaco) return
    for (const { name, base, accent, wash, raised, argument } of themes) {
      monaco.editor.defineTheme(name, {
        base,
        inherit: true,
        rules: [{ token: 'argument.identifier.gql', foreground: argument }],
        colors: {
          'editor.background': '#ffffff00',
          'scrollbar.shadow': '#ffffff00',
          focusBorder: accent,
          highlight: accent,
          'textLink.foreground': accent,
          'textLink.activeForeground': accent,
          'editorLink.activeForeground': accent,
          'editorHoverWidget.background': raised,
          'editorSuggestWidget.background': raised,
          'editorSuggestWidget.selectedBackground': wash,
          'editorSuggestWidget.selectedForeground': accent,
          'editorWidget.background': raised,
          'editorWidget.resizeBorder': accent,
          'list.hoverBackground': wash,
          'list.highlightForeground': accent,
          'list.focusHighlightForeground': accent,
          'menu.background': raised,
          'menu.selectionBackground': wash,
          'menu.selectionForeground': accent,
          'quickInput.background': raised,
          'quickInputList.focusBackground': wash,
          'pickerGroup.foreground': accent,
          'toolbar.hoverBackground': wash,
          'inputOption.hoverBackground': wash,
        },
      })
    }
  }, [monaco])
}
