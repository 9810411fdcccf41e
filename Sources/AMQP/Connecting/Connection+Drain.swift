/// What an orderly end found.
public struct DrainReport: Sendable, Hashable {
    /// Deliveries that nobody had taken and that went back to their queues.
    public var givenBack = 0
    /// Deliveries handed out and not settled within the grace period: the broker delivers them again.
    public var unsettled = 0
    /// Publishes that ended without a confirm.
    public var unconfirmed = 0
}

extension Connection {
    /// Ends in order: stops consumers, gives back what nobody took, waits for what was handed out to be settled and for
    /// what was published to be confirmed, then closes channels and connection.
    ///
    /// Publishing goes on until the consumers are done, for a handler may have something to say.
    ///
    /// - Parameter gracePeriod: the bound of all waits together; zero gives up at once. A broker that no longer answers
    ///   gets another 5 s to say goodbye.
    @discardableResult
    public func close(gracePeriod: Duration = .seconds(25)) async -> DrainReport {
        let deadline = ContinuousClock.now + gracePeriod
        let watchdog = Task {
            try await Task.sleep(for: gracePeriod + Channel.goodbyeLimit)
            core.cutLink()
        }
        defer { watchdog.cancel() }
        var report = DrainReport()
        await withTaskGroup(of: ConsumerShell.Drained.self) { group in
            for consumer in members.consumers {
                group.addTask { await consumer.cancel(within: gracePeriod) }
            }
            for await drained in group {
                report.givenBack += drained.givenBack
                report.unsettled += drained.unsettled
            }
        }
        let remaining = max(.zero, deadline - ContinuousClock.now)
        await withTaskGroup(of: Int.self) { group in
            for publisher in members.publishers {
                group.addTask { await publisher.drain(within: remaining) }
            }
            for await unconfirmed in group { report.unconfirmed += unconfirmed }
        }
        await core.close()
        return report
    }
}
