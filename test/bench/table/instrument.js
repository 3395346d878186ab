// Runs in the measured page after scriptTime.js and before anything of the page: script per frame that scrolled.

;(() => {
  const { take: takeScriptMs, requestFrame, listen } = window.scriptTime
  let isOn = false
  let hasScrolled = false
  let rows = 0
  let frames = []
  let longTasks = 0
  const gl = WebGL2RenderingContext.prototype
  for (const name of [
    'drawArrays',
    'drawElements',
    'drawRangeElements',
    'drawArraysInstanced',
    'drawElementsInstanced',
    'clear',
  ]) {
    gl[name] = () => undefined
  }
  listen(
    document,
    'scroll',
    () => {
      hasScrolled = true
    },
    { capture: true, passive: true },
  )
  const beat = () => {
    const scriptMs = takeScriptMs()
    if (isOn && hasScrolled) {
      frames.push(scriptMs)
      rows = Math.max(rows, document.querySelectorAll('[data-testid=agent-row]').length)
    }
    hasScrolled = false
    if (isOn) requestFrame(beat)
  }
  new PerformanceObserver((list) => {
    if (isOn) longTasks += list.getEntries().length
  }).observe({ type: 'longtask' })
  window.instrument = {
    begin() {
      isOn = true
      frames = []
      longTasks = 0
      rows = 0
      takeScriptMs()
      requestFrame(beat)
    },
    take() {
      isOn = false
      return { frames, longTasks, rows }
    },
  }
})()
