/// Somebody whose socket a loop watches. Every call comes on the loop's thread.
package protocol SocketWatcher: AnyObject, Sendable {
    /// The socket can be read or written, or has failed.
    func socketReady()

    /// Writes what has been buffered since the last time.
    func flushBuffered()
}

/// A watcher with many deadlines that come and go, too many for a timer each.
package protocol DeadlineKeeper: SocketWatcher {
    /// Looks for deadlines that have passed; called at least once a second.
    func checkDeadlines(now: MonotonicTime)
}
