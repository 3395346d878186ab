// Runs in the page, before anything of its own and after IWER: a headset that is as strict as real ones are, where the
// emulator is lenient.
{
  const { XRDevice, metaQuest3 } = globalThis.IWER
  const device = new XRDevice(metaQuest3, { stereoEnabled: true })
  // Chromium has a `navigator.xr` of its own, without a headset.
  device.installRuntime({ forceInstall: true })
  device.position.set(0, 1.6, 0)
  const { xr } = navigator
  const headset = {
    device,
    session: null,
    /** What no real headset would have let pass. */
    faults: [],
    requests: [],
    frames: 0,
    pulses: 0,
    /** Milliseconds of script in each of its frames. */
    frameMs: [],
    /** Changes that React made to the page within one of its frames. */
    commitsInFrame: 0,
    /** Of everything on the GPU that was made and not given back. */
    live: {},
  }
  globalThis.headset = headset

  const owners = new WeakMap()
  const request = xr.requestSession.bind(xr)
  xr.requestSession = async (mode, init) => {
    headset.requests.push({ mode, init })
    if (!navigator.userActivation.isActive) headset.faults.push('a session was asked for without a click')
    if (headset.refusal) throw new DOMException('refused', headset.refusal)
    const session = await request(mode, init)
    headset.session = session
    session.addEventListener('end', () => {
      if (headset.session === session) headset.session = null
    })
    session.addEventListener('end', () => {
      // Real ones are silent about it: whoever still asks gets nothing, or an error.
      for (const name of ['requestAnimationFrame', 'updateRenderState', 'requestReferenceSpace']) {
        const original = session[name].bind(session)
        session[name] = (...args) => {
          headset.faults.push(`${name} of an ended session`)
          return original(...args)
        }
      }
    })
    const reference = session.requestReferenceSpace.bind(session)
    session.requestReferenceSpace = async (type) => {
      const space = await reference(type)
      owners.set(space, session)
      const offset = space.getOffsetReferenceSpace.bind(space)
      space.getOffsetReferenceSpace = (transform) => {
        const other = offset(transform)
        owners.set(other, session)
        return other
      }
      return space
    }
    const frame = session.requestAnimationFrame.bind(session)
    session.requestAnimationFrame = (callback) =>
      frame((time, xrFrame) => {
        if (headset.session !== session) headset.faults.push('a frame after the end')
        headset.frames++
        observer.takeRecords()
        const began = performance.now()
        try {
          callback(time, xrFrame)
        } finally {
          headset.frameMs.push(performance.now() - began)
          if (headset.frameMs.length > 2_000) headset.frameMs.shift()
          headset.commitsInFrame += observer.takeRecords().length
          // What React was told to do at once it does when the callback has returned: still within the frame.
          queueMicrotask(() => {
            headset.commitsInFrame += observer.takeRecords().length
          })
          headset.afterFrame?.()
        }
      })
    return session
  }
  const { prototype } = globalThis.XRFrame
  for (const name of ['getPose', 'getViewerPose', 'getJointPose', 'fillPoses']) {
    const original = prototype[name]
    prototype[name] = function (...args) {
      const spaces = args.flatMap((arg) => (Array.isArray(arg) ? arg : [arg]))
      const isForeign = spaces.some((space) => owners.has(space) && owners.get(space) !== this.session)
      if (isForeign || headset.session !== this.session) {
        headset.faults.push(`${name} with a space of another session`)
        throw new DOMException('that space is of another session', 'InvalidStateError')
      }
      return original.apply(this, args)
    }
  }
  const observer = new MutationObserver(() => undefined)
  observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true })

  const gl = WebGL2RenderingContext.prototype
  for (const kind of ['Texture', 'Buffer', 'Program', 'Framebuffer', 'Renderbuffer', 'VertexArray']) {
    const alive = new Set()
    const create = gl[`create${kind}`]
    gl[`create${kind}`] = function () {
      const made = create.call(this)
      alive.add(made)
      return made
    }
    const remove = gl[`delete${kind}`]
    gl[`delete${kind}`] = function (made) {
      alive.delete(made)
      return remove.call(this, made)
    }
    Object.defineProperty(headset.live, kind, { enumerable: true, get: () => alive.size })
  }
}
