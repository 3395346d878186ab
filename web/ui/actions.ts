// What keys, menu and palette do, each in one place.

import { shareLink } from '../store/address.ts'
import { openDialog } from '../store/dialogs.ts'
import { agentsExport } from '../store/exportAgents.ts'
import { momentMs } from '../store/moment.ts'
import { tell } from '../store/notice.ts'
import { retryNow } from '../store/session.ts'
import { onShortcut } from '../store/shortcuts.ts'
import { modeOnScreen } from '../store/shown.ts'
import { sceneHandle, sendSceneCommand } from '../store/stage.ts'
import { copyText } from './copyText.ts'
import { download, fileName } from './download.ts'
import { framedPicture } from './framedPicture.ts'

export function openActions(): void {
  onShortcut('palette', () => openDialog({ name: 'palette' }))
  onShortcut('shortcuts', () => openDialog({ name: 'shortcuts' }))
  onShortcut('fit', () => sendSceneCommand('fit'))
  onShortcut('retry', () => {
    if (retryNow() !== 'nothing') tell('Trying all connections now.')
    else tell('You only watch: the server tries again by itself, or an operator has it do so.', 'failed')
  })
  onShortcut('share', () => {
    copyText(shareLink(location)).then(
      () => tell('Link copied. Who opens it needs a token of their own.'),
      () => tell('The browser did not let the link be copied: copy it from the address bar.', 'failed'),
    )
  })
  onShortcut('export', exportAgents)
  onShortcut('picture', () => {
    takePicture().catch(() => tell('The browser gave no picture of the scene.', 'failed'))
  })
}

function exportAgents(): void {
  const now = Date.now()
  const content = agentsExport(now)
  download(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }), fileName('agents', now, 'json'))
  tell(`${content.count} ${content.count === 1 ? 'agent' : 'agents'} exported.`)
}

async function takePicture(): Promise<void> {
  const scene = sceneHandle()
  if (!scene) return tell('There is no scene to take a picture of.', 'failed')
  const now = Date.now()
  const mode = modeOnScreen()
  download(await framedPicture(await scene.picture(), mode, momentMs()), fileName('scene', now, 'png'))
  tell('Picture of the scene saved.')
}
