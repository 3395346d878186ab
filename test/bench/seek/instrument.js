// Runs in the measured page after scriptTime.js and before anything of the page: from what the user does to the picture of the
// moment that was meant, drawn to its end by the GPU (or whoever stands in for it), and what held the page up meanwhile.

;(() => {
  const { take: takeScriptMs, requestFrame, listen } = window.scriptTime
  let longTasks = []
  let waitedMs = [0, 0]
  let frames = []
  let isOn = false
  new PerformanceObserver((list) => {
    longTasks.push(...list.getEntries())
  }).observe({ type: 'longtask' })

  /** Which moment is shown; `null`: another one is on its way. */
  const shown = () => {
    const { epoch } = window.swarmscope.stats()
    if (!epoch.startsWith('past:')) return epoch
    const banner = document.querySelector('[data-testid=banner]')
    return banner?.textContent.includes('Nothing here is now') ? banner.querySelector('time').dateTime : null
  }
  /** The list, too, is of that moment by then: React is done before the next frame. */
  const drawn = async () => {
    const { frames: before } = window.swarmscope.stats()
    while (window.swarmscope.stats().frames === before) await new Promise(requestFrame)
    await finish()
    return performance.now()
  }
  /** Asked for a pixel, GL draws all to its end; that wait is a task of ours, not of the page. */
  const finish = async () => {
    await new Promise((next) => setTimeout(next, 0))
    const beganMs = performance.now()
    const gl = document.querySelector('[data-testid=scene] canvas').getContext('webgl2')
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
    waitedMs = [beganMs, performance.now()]
  }
  /** Of the next such event: how long after it the picture of another moment was there, and the moment. */
  const pictureAfter = (type) =>
    new Promise((resolve, reject) => {
      const before = shown()
      let fromMs = 0
      const look = () => {
        const now = fromMs > 0 ? shown() : null
        if (now === null || now === before) return
        observer.disconnect()
        const shownMs = performance.now() - fromMs
        drawn().then((atMs) => resolve({ ms: atMs - fromMs, shownMs, moment: now }), reject)
      }
      const observer = new MutationObserver(look)
      observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true })
      listen(
        window,
        type,
        ({ timeStamp }) => {
          fromMs = timeStamp
          look()
        },
        { capture: true, once: true },
      )
    })

  const beat = () => {
    frames.push(takeScriptMs())
    if (isOn) requestFrame(beat)
  }
  window.instrument = {
    pictureAfter,
    finish,
    begin() {
      longTasks = []
      frames = []
      takeScriptMs()
      if (!isOn) requestFrame(beat)
      isOn = true
    },
    take() {
      isOn = false
      const isOurs = ({ startTime, duration }) => startTime <= waitedMs[1] && startTime + duration >= waitedMs[0]
      return { frames, longTasksMs: longTasks.filter((task) => !isOurs(task)).map(({ duration }) => duration) }
    },
  }
})()
