// Whether anybody looks: at the page, or at the swarm in a headset, which may well hide the page meanwhile.

import { useHeadset } from './headset.ts'

export function isSeen(): boolean {
  if (!document.hidden) return true
  const headset = useHeadset.getState()
  // One that was put down has a session still, and shows nothing.
  return headset.state === 'inside' && headset.session.visibilityState !== 'hidden'
}

/** Calls when somebody begins to look, and when nobody does any more. Returns its end. */
export function onSeen(callback: (isSeen: boolean) => void): () => void {
  let wasSeen = isSeen()
  let session: XRSession | null = null
  const look = () => {
    const now = isSeen()
    if (now === wasSeen) return
    wasSeen = now
    callback(now)
  }
  const watchHeadset = () => {
    const headset = useHeadset.getState()
    session?.removeEventListener('visibilitychange', look)
    session = headset.state === 'inside' ? headset.session : null
    session?.addEventListener('visibilitychange', look)
    look()
  }
  const stop = useHeadset.subscribe(watchHeadset)
  document.addEventListener('visibilitychange', look)
  watchHeadset()
  return () => {
    stop()
    session?.removeEventListener('visibilitychange', look)
    document.removeEventListener('visibilitychange', look)
  }
}
