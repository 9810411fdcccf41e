/// How far the checker looks: how many faults of each kind one story may hold.
package struct Bounds: Sendable, Hashable {
    /// Timers that fire although the answer is still on its way; one that fires because nothing is on its way is free.
    package var timeouts: Int
    /// Messages that the broker delivers twice.
    package var duplicates: Int
    /// Crashes of a participant or of the orchestrator after a commit, before the broker knows of it.
    package var crashes: Int
    /// Messages that end among the dead letters.
    package var losses: Int
    /// Sends of one request before its attempts count as spent; a definition with fewer keeps its own number.
    package var attempts: Int

    package init(timeouts: Int = 2, duplicates: Int = 2, crashes: Int = 1, losses: Int = 1, attempts: Int = 2) {
        self.timeouts = timeouts
        self.duplicates = duplicates
        self.crashes = crashes
        self.losses = losses
        self.attempts = attempts
    }
}
