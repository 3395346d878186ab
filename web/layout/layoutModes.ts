/** `force`: who is linked stands together. `hierarchy`: by who spawned whom, from above. `rings`: each swarm a ring of its own. */
export const LAYOUT_MODES = ['force', 'hierarchy', 'rings'] as const
export type LayoutMode = (typeof LAYOUT_MODES)[number]
