import type { ReactNode } from 'react'

/** The list serves all; this only says why there is no picture. */
export function NoWebGL(): ReactNode {
  return (
    <section className="card no-webgl" data-testid="no-webgl">
      <h2>No 3D view in this browser</h2>
      <p>
        It offers no WebGL 2. The list has everything all the same. To get the picture, switch on hardware acceleration
        in the browser's settings and reload, or open the link in another browser.
      </p>
    </section>
  )
}
