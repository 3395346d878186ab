// Runs in the measured page before anything of it: times all script by its entry points, per frame that scrolled.

;(() => {
  let depth = 0
  let scriptMs = 0
  let isOn = false
  let hasScrolled = false
  let rows = 0
  let frames = []
  let longTasks = 0
  const timed = (work) =>
    function (...args) {
      if (depth > 0) return work.apply(this, args)
      depth++
      const began = performance.now()
      try {
        return work.apply(this, args)
      } finally {
        scriptMs += performance.now() - began
        depth--
      }
    }
  const wrappers = new WeakMap()
  const wrapped = (work) => {
    if (typeof work !== 'function') return work
    const wrapper = wrappers.get(work) ?? timed(work)
    wrappers.set(work, wrapper)
    return wrapper
  }
  const request = window.requestAnimationFrame.bind(window)
  window.requestAnimationFrame = (work) => request(wrapped(work))
  for (const name of ['setTimeout', 'setInterval', 'queueMicrotask']) {
    const original = window[name].bind(window)
    window[name] = (work, ...rest) => original(wrapped(work), ...rest)
  }
  for (const type of [WebSocket, Worker, MessagePort]) {
    const { set, get } = Object.getOwnPropertyDescriptor(type.prototype, 'onmessage')
    Object.defineProperty(type.prototype, 'onmessage', {
      get,
      set(work) {
        set.call(this, wrapped(work))
      },
    })
  }
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype
  EventTarget.prototype.addEventListener = function (name, work, ...rest) {
    return add.call(this, name, wrapped(work), ...rest)
  }
  EventTarget.prototype.removeEventListener = function (name, work, ...rest) {
    return remove.call(this, name, wrappers.get(work) ?? work, ...rest)
  }
  const Observer = window.ResizeObserver
  window.ResizeObserver = class extends Observer {
    constructor(work) {
      super(wrapped(work))
    }
  }
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
  add.call(
    document,
    'scroll',
    () => {
      hasScrolled = true
    },
    { capture: true, passive: true },
  )
  const beat = () => {
    if (isOn && hasScrolled) {
      frames.push(scriptMs)
      rows = Math.max(rows, document.querySelectorAll('[data-testid=agent-row]').length)
    }
    hasScrolled = false
    scriptMs = 0
    if (isOn) request(beat)
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
      scriptMs = 0
      request(beat)
    },
    take() {
      isOn = false
      return { frames, longTasks, rows }
    },
  }
})()
