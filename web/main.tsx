import { createRoot } from 'react-dom/client'
import './theme/global.css'
import { openSession } from './store/session.ts'
import { type PageStats, pageStats } from './store/stats.ts'
import { App } from './ui/App.tsx'

declare global {
  /** For support and measurement. */
  var swarmscope: { stats(): PageStats }
}

globalThis.swarmscope = { stats: pageStats }
openSession()

const root = document.getElementById('root')
if (!root) throw new Error('the page has no root')
createRoot(root).render(<App />)
