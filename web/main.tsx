import { createRoot } from 'react-dom/client'
import './theme/global.css'
import { openAddress } from './store/address.ts'
import { openSession } from './store/session.ts'
import { openSettings } from './store/settings.ts'
import { openShortcuts } from './store/shortcuts.ts'
import { type PageStats, pageStats } from './store/stats.ts'
import { openTips } from './store/tips.ts'
import { App } from './ui/App.tsx'
import { openActions } from './ui/actions.ts'
import { RootBoundary } from './ui/RootBoundary.tsx'

declare global {
  /** For support and measurement. */
  var swarmscope: { stats(): PageStats }
}

globalThis.swarmscope = { stats: pageStats }
openSettings()
openSession() // takes the token out of the address
openAddress()
openShortcuts()
openActions()
openTips()

const root = document.getElementById('root')
if (!root) throw new Error('the page has no root')
createRoot(root).render(
  <RootBoundary>
    <App />
  </RootBoundary>,
)
