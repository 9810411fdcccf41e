import Glibc

/// A process by id and start time, so that a reused id is never taken for it.
package struct ProcessIdentity: Sendable, Hashable, Codable {
    package let pid: Int32
    /// In clock ticks since boot.
    package let startTime: UInt64

    init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The process with this id, or nil when there is none.
    package init?(pid: Int32) {
        guard let entry = ProcessTable.entry(pid) else { return nil }
        self.pid = pid
        startTime = entry.startTime
    }

    /// The processes that one has started and that have not ended.
    package static func children(of pid: Int32) -> [ProcessIdentity] {
        ProcessTable.children(of: pid).compactMap { ProcessIdentity(pid: $0.pid) }
    }

    /// This process.
    package static var own: ProcessIdentity? { ProcessIdentity(pid: getpid()) }

    package var isAlive: Bool { ProcessIdentity(pid: pid) == self }

    /// Sends a signal unless the process has ended.
    package func send(_ signal: Int32) {
        if isAlive { kill(pid, signal) }
    }

    /// Waits until the process has ended.
    ///
    /// - Returns: whether it did within the limit.
    package func ended(within limit: Duration) async throws -> Bool {
        try await onOwnThread {
            Deadline(after: limit).poll(every: .milliseconds(20)) { isAlive ? nil : true } ?? false
        }
    }
}

/// Whether a TCP port on loopback can be had by a server of ours.
package func isLocalPortFree(_ port: UInt16) -> Bool { PortReservation.take(port) != nil }
