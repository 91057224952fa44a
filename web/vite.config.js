import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const monaco = fileURLToPath(new URL('src/monaco.js', import.meta.url))

// The server answers GET /graphql with the built index.html and serves the rest under /static/graphiql/.
export default defineConfig({
  base: '/static/graphiql/',
  plugins: [formatJsonWithoutPrettier()],
  resolve: {
    alias: [
      { find: /^monaco-editor\/esm\/vs\/editor\/edcore\.main(\.js)?$/, replacement: monaco },
      // The same parser under its old name would be bundled a second time.
      { find: 'prettier/parser-graphql', replacement: 'prettier/plugins/graphql' },
    ],
  },
  build: {
    outDir: '../graph/static/graphiql',
    emptyOutDir: true,
    sourcemap: false,
    license: { fileName: 'LICENSES.md' },
    // Monaco is one big module graph; a warning about its size at every build helps nobody.
    chunkSizeWarningLimit: 4096,
    rolldownOptions: {
      onwarn(warning, warn) {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning) // "use client" means nothing here
      },
    },
  },
})

/** Prettifying the variables takes GraphiQL a whole JavaScript parser (half a megabyte); jsonc-parser, already there, does it too. */
function formatJsonWithoutPrettier() {
  const theirs = /async function formatJSONC\(content\) \{.*?\n\}/s
  const ours = `async function formatJSONC(content) {
    return applyEdits(content, format(content, undefined, { tabSize: 2, insertSpaces: true }))
  }`
  return {
    name: 'format-json-without-prettier',
    transform(code, id) {
      if (!id.endsWith('@graphiql/react/dist/utility/jsonc.js')) return
      if (!theirs.test(code)) this.error('formatJSONC has changed: look at it again.')
      return { code: `import { applyEdits, format } from 'jsonc-parser'\n${code.replace(theirs, () => ours)}`, map: null }
    },
  }
}
