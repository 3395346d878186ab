// Runs in the measured page before anything of it, ours or the peer's alike. GL's draws are counted and not executed: as if
// the GPU were infinitely fast, so that only the main thread is measured. Script is timed by its entry points (frames, timers,
// messages of sockets, workers and ports), and told per frame.

;(() => {
  const frames = []
  let inScript = 0
  let scriptMs = 0
  let drawCalls = 0
  let instances = 0
  let isPicture = false
  // `bodies`: so many drawn at once are a picture. `hasWorker`: and not before a worker has said where they are.
  const state = { bodies: Number.POSITIVE_INFINITY, hasWorker: false, hasPlaces: false, dataMs: 0, pictureMs: 0 }

  /** Only the outermost entry counts, so that nothing is counted twice. */
  const timed = (work) =>
    function (...args) {
      if (inScript > 0) return work.apply(this, args)
      inScript++
      const began = performance.now()
      try {
        return work.apply(this, args)
      } finally {
        scriptMs += performance.now() - began
        inScript--
      }
    }
  const wrappers = new WeakMap()
  const wrapped = (work) => {
    if (typeof work !== 'function') return work
    const wrapper = wrappers.get(work) ?? timed(work)
    wrappers.set(work, wrapper)
    return wrapper
  }

  const { requestAnimationFrame: request } = window
  let queue = []
  let isAsked = false
  let lastId = 0
  const runFrame = (now) => {
    isAsked = false
    const due = queue
    queue = []
    for (const { work } of due) wrapped(work)(now)
    if (drawCalls > 0) {
      frames.push({ ms: scriptMs, draws: drawCalls })
      if (isPicture && state.pictureMs === 0) state.pictureMs = performance.now()
      scriptMs = 0
    }
    drawCalls = 0
    instances = 0
    isPicture = false
  }
  window.requestAnimationFrame = (work) => {
    queue.push({ id: ++lastId, work })
    if (!isAsked) request.call(window, runFrame)
    isAsked = true
    return lastId
  }
  window.cancelAnimationFrame = (id) => {
    queue = queue.filter((entry) => entry.id !== id)
  }
  for (const name of ['setTimeout', 'setInterval']) {
    const original = window[name]
    window[name] = (work, ...rest) => original.call(window, wrapped(work), ...rest)
  }
  const noteArrival = (type, { data }) => {
    if (type === Worker) state.hasPlaces = true
    else if (type === WebSocket && state.dataMs === 0 && data.startsWith('{"type":"snapshot"')) {
      state.dataMs = performance.now()
    }
  }
  for (const type of [WebSocket, Worker, MessagePort]) {
    const { set, get } = Object.getOwnPropertyDescriptor(type.prototype, 'onmessage')
    Object.defineProperty(type.prototype, 'onmessage', {
      get,
      set(work) {
        const wrapper = wrapped(work)
        if (typeof wrapper !== 'function') return set.call(this, wrapper)
        set.call(this, function (event) {
          noteArrival(type, event)
          return wrapper.call(this, event)
        })
      },
    })
    const add = type.prototype.addEventListener
    type.prototype.addEventListener = function (name, work, ...rest) {
      return add.call(this, name, name === 'message' ? wrapped(work) : work, ...rest)
    }
  }

  const gl = WebGL2RenderingContext.prototype
  const count =
    (howMany) =>
    (...args) => {
      drawCalls++
      instances = Math.max(instances, howMany(args))
      // One draw for all bodies, or one for each.
      const isWhole = instances >= state.bodies || drawCalls >= state.bodies
      if (isWhole && (state.hasPlaces || !state.hasWorker)) isPicture = true
    }
  gl.drawArrays = count(() => 1)
  gl.drawElements = count(() => 1)
  gl.drawRangeElements = count(() => 1)
  gl.drawArraysInstanced = count((args) => args[3])
  gl.drawElementsInstanced = count((args) => args[4])
  gl.clear = () => undefined

  const longTasks = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longTasks.push(entry.duration)
  }).observe({ type: 'longtask' })

  window.instruments = {
    state,
    begin() {
      frames.length = 0
      longTasks.length = 0
      scriptMs = 0
    },
    take: () => ({ frames: frames.slice(), longTasks: longTasks.slice() }),
  }
})()
