import 'graphiql/setup-workers/vite'
// Not graphiql/style.css: that one brings 400 kB of fonts, and Monaco's styles a second time.
import '@graphiql/react/style.css'
import '@graphiql/plugin-doc-explorer/style.css'
import '@graphiql/plugin-history/style.css'
import 'graphiql/graphiql.css'
import './style.css'
import { createRoot } from 'react-dom/client'
import { App } from './App'
import { forgetOldVersions } from './storage'

forgetOldVersions()
createRoot(document.getElementById('root')!).render(<App />)
