import { GraphiQL } from 'graphiql'
import { pick, ToolbarButton, useGraphiQL } from '@graphiql/react'
import { useEffect, useMemo, useState } from 'react'
import { Bar } from './Bar'
import { examples } from './examples'
import { connect } from './fetcher'
import { refresh, useSession } from './session'
import { openTab, storage } from './storage'
import { useEditorColours } from './theme'
import { NEW_UUID, newUuid } from './fillins'

export function App() {
  const { session } = useSession()
  const signedIn = session?.key ?? null // the same when a token takes the place of another: what runs goes on
  // GraphiQL reads the schema again whenever it gets another fetcher, so signing in also mends a failed introspection.
  const connection = useMemo(connect, [signedIn])
  useEffect(() => () => connection.dispose(), [connection])
  useEffect(() => void refresh(), [])
  useEditorColours()

  const [restored, setRestored] = useState(0)
  function restoreExamples() {
    if (!window.confirm('Put the examples back? Your own tabs and changes will be lost.')) return
    storage.clear()
    setRestored(restored + 1)
  }

  return (
    <>
      <Bar onRestoreExamples={restoreExamples} />
      <main>
        {/* Another key takes the results of one user off the screen before the next user comes; what was typed stays. */}
        <Editor key={`${session?.username ?? ''}:${restored}`} fetcher={connection.fetcher} />
      </main>
    </>
  )
}

function Editor({ fetcher }: { fetcher: ReturnType<typeof connect>['fetcher'] }) {
  // GraphiQL shows no variables in the tab that is open at first unless they are given here too.
  const [first] = useState(() => openTab() ?? examples[0])
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      defaultTabs={examples.map(({ query, variables }) => ({ query, variables }))}
      initialQuery={first?.query}
      initialVariables={first?.variables ?? undefined}
      defaultEditorToolsVisibility="variables"
      showPersistHeadersSettings={false}
      shouldPersistHeaders={false}
      schemaDescription
      inputValueDeprecation
    >
      <GraphiQL.Logo>
        <span className="logo">GraphiQL</span>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, copy, merge }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <FixUuids />
          </>
        )}
      </GraphiQL.Toolbar>
      <WrapLines />
    </GraphiQL>
  )
}

/** For showing that the same request, sent twice, acts once: writes real UUIDs where the variables say "NEW-UUID". */
function FixUuids() {
  const variables = useGraphiQL((state) => state.variableEditor)
  function fix() {
    if (!variables) return
    variables.setValue(variables.getValue().replaceAll(`"${NEW_UUID}"`, () => `"${newUuid()}"`))
  }
  return (
    <ToolbarButton label={`Write a lasting UUID in place of "${NEW_UUID}", to send the same request twice`} onClick={fix}>
      <span className="graphiql-toolbar-icon fix-uuids" aria-hidden="true">
        ID
      </span>
    </ToolbarButton>
  )
}

/** Comments, UUIDs and messages are read to their end without scrolling sideways. */
function WrapLines() {
  const editors = useGraphiQL(pick('queryEditor', 'variableEditor', 'responseEditor'))
  useEffect(() => Object.values(editors).forEach((editor) => editor?.updateOptions({ wordWrap: 'on' })))
  return null
}
