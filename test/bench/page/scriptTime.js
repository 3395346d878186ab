// Runs in a measured page before anything of it: times all script by its entry points (events, frames, timers, messages of
// sockets, workers and ports). `scriptTime.take()`: of how many ms since it was asked last.

;(() => {
  let depth = 0
  let scriptMs = 0
  const requestFrame = window.requestAnimationFrame.bind(window)
  const listen = EventTarget.prototype.addEventListener
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
  window.requestAnimationFrame = (work) => requestFrame(wrapped(work))
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

  window.scriptTime = {
    take() {
      const ms = scriptMs
      scriptMs = 0
      return ms
    },
    /** Not timed. */
    requestFrame,
    listen: (target, ...rest) => listen.call(target, ...rest),
  }
})()
