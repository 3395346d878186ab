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
    /** Ticks that a hand felt: whose, how strong, and for how many milliseconds. */
    pulses: [],
    /** Where alerts sounded from, seen from the head along the room's axes. */
    sounds: [],
    /** Where the tips of first fingers are, of bare hands. */
    tips: { left: null, right: null },
    /** How hands and controllers are held: the matrix of each grip. */
    grips: { left: null, right: null },
    /** Milliseconds of script in each of its frames. */
    frameMs: [],
    /** Changes that React made to the page within one of its frames. */
    commitsInFrame: 0,
    /** Of everything on the GPU that was made and not given back. */
    live: {},
  }
  globalThis.headset = headset

  const owners = new WeakMap()
  let room = null
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
      if (type === 'local-floor') room = space
      return space
    }
    const frame = session.requestAnimationFrame.bind(session)
    session.requestAnimationFrame = (callback) =>
      frame((time, xrFrame) => {
        if (headset.session !== session) headset.faults.push('a frame after the end')
        headset.frames++
        for (const { hand, handedness, gripSpace } of session.inputSources) {
          const grip = gripSpace && room ? xrFrame.getPose(gripSpace, room) : null
          if (grip) headset.grips[handedness] = grip.transform.matrix
          const tip = hand && room ? xrFrame.getJointPose(hand.get('index-finger-tip'), room) : null
          if (tip) headset.tips[handedness] = tip.transform.position
        }
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
  /**
   * What the emulator has not: eyes and a pinch, as Vision Pro's browser tells of them, and a finger on a phone's screen
   * (`hand`: null, for nobody knows where that is). Sources that come with the press, and go with it.
   */
  const gazePoses = new WeakMap()
  const poseOf = ({ x, y, z }, back = { x: 0, y: 0, z: 1 }) => ({
    emulatedPosition: false,
    transform: {
      position: { x, y, z, w: 1 },
      matrix: new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, back.x, back.y, back.z, 0, x, y, z, 1]),
    },
  })
  const rayOf = (from, at) => {
    const length = Math.hypot(at.x - from.x, at.y - from.y, at.z - from.z)
    return poseOf(from, { x: (from.x - at.x) / length, y: (from.y - at.y) / length, z: (from.z - at.z) / length })
  }
  const tell = (type, fields) => headset.session.dispatchEvent(Object.assign(new Event(type), fields))
  let gaze = null
  headset.gaze = {
    /** From the eyes toward this place of the room. */
    pinch(from, at, hand) {
      const [targetRaySpace, gripSpace] = [new EventTarget(), new EventTarget()]
      gazePoses.set(targetRaySpace, rayOf(from, at))
      if (hand) gazePoses.set(gripSpace, poseOf(hand))
      gaze = {
        handedness: hand ? 'right' : 'none',
        targetRayMode: hand ? 'transient-pointer' : 'screen',
        targetRaySpace,
        gripSpace: hand ? gripSpace : undefined,
        profiles: hand ? ['generic-fixed-hand'] : ['generic-touchscreen'],
        gamepad: null,
        hand: null,
      }
      tell('inputsourceschange', { session: headset.session, added: [gaze], removed: [] })
      tell('selectstart', { inputSource: gaze })
    },
    move(hand) {
      gazePoses.set(gaze.gripSpace, poseOf(hand))
    },
    /** The finger goes to where the screen shows this place. */
    swipe(from, at) {
      gazePoses.set(gaze.targetRaySpace, rayOf(from, at))
    },
    release() {
      if (!headset.session) return
      tell('selectend', { inputSource: gaze })
      if (headset.session) tell('inputsourceschange', { session: headset.session, added: [], removed: [gaze] })
    },
  }

  const NativePanner = globalThis.PannerNode
  globalThis.PannerNode = class extends NativePanner {
    constructor(context, options) {
      super(context, options)
      headset.sounds.push({ x: options.positionX, y: options.positionY, z: options.positionZ })
    }
  }
  const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (...args) {
    headset.notes = (headset.notes ?? 0) + 1
    return start.apply(this, args)
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
      const gazed = gazePoses.get(args[0])
      return gazed ?? original.apply(this, args)
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
