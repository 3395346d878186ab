// For parts that are loaded after the page: one that cannot be loaded, or breaks, must not take the page with it.

import { Component, type ReactNode, Suspense } from 'react'

export class Late extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true }
  }

  override render(): ReactNode {
    if (this.state.hasFailed) return null
    return <Suspense fallback={null}>{this.props.children}</Suspense>
  }
}
