/// When a service that ended is started again: at once if it ran for long, later and later if it keeps ending.
struct RestartMachine: Sendable {
    static let firstPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(30)
    /// Who ran for this long had a good start.
    static let goodRun = Duration.seconds(30)

    private(set) var restartCount = 0
    private var nextPause = RestartMachine.firstPause

    /// The service ended after a run of this length.
    ///
    /// - Returns: how long to wait before the next start.
    mutating func ended(after run: Duration) -> Duration {
        if run >= Self.goodRun { nextPause = Self.firstPause }
        restartCount += 1
        defer { nextPause = min(nextPause * 2, Self.longestPause) }
        return nextPause
    }
}
