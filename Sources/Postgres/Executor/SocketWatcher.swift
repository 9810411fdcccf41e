/// Somebody whose socket the executor watches.
protocol SocketWatcher: AnyObject, Sendable {
    /// The socket can be read or written, or has failed.
    func socketReady()

    /// Writes what has been buffered since the last time.
    func flushBuffered()

    /// Looks for deadlines that have passed; called at least once a second.
    func checkDeadlines(now: MonotonicTime)
}
