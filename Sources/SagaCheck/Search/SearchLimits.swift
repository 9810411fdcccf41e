/// How far a search may go.
package struct SearchLimits: Sendable, Hashable {
    /// The most states; beyond it the search is not exhaustive and says so.
    package var stateCountMax: Int
    /// The most memory that the states may take.
    package var byteCountMax: Int
    /// How many different violations are looked for.
    package var violationCountMax: Int

    package init(stateCountMax: Int = 50_000_000, byteCountMax: Int = 4 << 30, violationCountMax: Int = 1) {
        self.stateCountMax = min(stateCountMax, StateStore.capacityMax - 1)
        self.byteCountMax = byteCountMax
        self.violationCountMax = violationCountMax
    }
}

/// What ends a search before every state was expanded.
package enum Interruption: Sendable, Hashable {
    /// All violations that were asked for are found.
    case violations
    /// Whoever was told how far the search is wanted no more.
    case request
    case stateLimit
    case memoryLimit
}
