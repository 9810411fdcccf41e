import AMQP
import Messaging
import Participant
import Telemetry

/// Sends the messages of a request, at its pace, and watches what becomes of them.
final class Injector: Sendable {
    private let request: InjectionRequest
    private let user: String
    private let publish: Publish
    private let watch: EndWatch?
    private let confirmGrace: Duration
    private let now: @Sendable () -> Int64
    private let tally = Lock(InjectionTally())
    private let hasSentAll = Lock(false)

    private static let batchSizeMax = 256
    private static let lookInterval = Duration.milliseconds(100)

    /// Publishes a batch and says how each ended.
    typealias Publish = @Sendable ([Publication]) async -> [PublishOutcome]

    /// - Parameters:
    ///   - user: The broker's user who publishes.
    ///   - watch: Nil where nobody waits.
    ///   - confirmGrace: How long the broker has for the confirms of what is on the wire when the run is cancelled.
    init(
        _ request: InjectionRequest, user: String, watch: EndWatch?, confirmGrace: Duration = .seconds(3),
        now: @escaping @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }, publish: @escaping Publish
    ) {
        self.request = request
        self.user = user
        self.watch = watch
        self.confirmGrace = confirmGrace
        self.now = now
        self.publish = publish
    }

    var state: InjectionTally { tally.withLock { $0 } }

    /// Sends all and, if that was asked for, waits for the ends. Cancelled, it sends no more, but lets the broker confirm
    /// what is on the wire.
    func run(_ stream: InjectionStream) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                var stream = stream
                try await send(&stream)
                hasSentAll.withLock { $0 = true }
            }
            if let watch { group.addTask { [self] in try await follow(watch) } }
            // The first failure ends the other: who cannot send has nothing to wait for.
            while try await group.next() != nil {}
        }
    }

    // MARK: Sending

    private func send(_ stream: inout InjectionStream) async throws {
        let needs = try stream.needs()
        if !needs.isEmpty { try await bring(needs) }
        let began = ContinuousClock.now
        var sentCount = 0
        while true {
            try Task.checkCancellation()
            let due = try await dueCount(after: sentCount, since: began)
            let batch = try await stream.next(due)
            if batch.isEmpty { return }
            sentCount += batch.count { !$0.isAgain }
            try await send(batch)
        }
    }

    /// Waits until at least one message is due, and says how many are.
    private func dueCount(after sentCount: Int, since began: ContinuousClock.Instant) async throws -> Int {
        guard let perSecond = request.perSecond else { return Self.batchSizeMax }
        let next = began + .seconds(Double(sentCount) / perSecond)
        try await Task.sleep(until: next)
        let elapsed = (ContinuousClock.now - began).seconds
        return min(Self.batchSizeMax, max(1, Int(elapsed * perSecond) + 1 - sentCount))
    }

    private func send(_ batch: [Outgoing]) async throws {
        let time = now()
        tally.withLock { $0.made(batch) }
        let outcomes = await outcomes(of: batch.map { publication($0.injection) })
        tally.withLock { $0.sent(batch, outcomes, at: time) }
        if outcomes.allSatisfy(\.isOutOfReach), let error = outcomes.first?.error {
            throw Failure(
                .unavailable, "the broker takes no more: \(error.message)", remedy: "skald status shows what runs.")
        }
    }

    /// Publishes; where this task is cancelled, the publishes are so only after a grace, as the broker has most of them.
    private func outcomes(of publications: [Publication]) async -> [PublishOutcome] {
        let publishing = Task { await publish(publications) }
        return await withTaskCancellationHandler {
            await publishing.value
        } onCancel: {
            Task {
                try await Task.sleep(for: confirmGrace)
                publishing.cancel()
            }
        }
    }

    private func publication(_ injection: Injection) -> Publication {
        Publication(
            injection.message(user: user, now: now()).amqp, to: injection.exchange, routingKey: injection.routingKey,
            isMandatory: !injection.entry.isEvent)
    }

    /// Sends what has to be there first and waits until it is.
    private func bring(_ needs: [Injection]) async throws {
        let outcomes = await outcomes(of: needs.map(publication))
        try Task.checkCancellation()
        if let error = outcomes.compactMap(\.error).first {
            throw Failure(.unavailable, "the broker does not take what has to be there first: \(error.message)")
        }
        guard let watch else { return }
        var unhandled = Dictionary(uniqueKeysWithValues: needs.map { ($0.id, $0.entry.type.owner) })
        let deadline = ContinuousClock.now + request.patience
        while !unhandled.isEmpty {
            let asked = LookingGlass().part(of: unhandled.sorted { $0.key < $1.key })
            for id in try await watch.handled(asked.map { ($0.key, $0.value) }) { unhandled[id] = nil }
            if unhandled.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                let services = Set(unhandled.values).sorted().joined(separator: ", ")
                throw Failure(
                    .failed, "what has to be there first is not handled by \(services)",
                    remedy: "skald status, skald logs")
            }
            try await Task.sleep(for: Self.lookInterval)
        }
    }

    // MARK: Waiting

    private func follow(_ watch: EndWatch) async throws {
        var lastChange = ContinuousClock.now
        var (runningGlass, unhandledGlass) = (LookingGlass(), LookingGlass())
        while true {
            let before = state
            let isOver = hasSentAll.withLock { $0 } && !before.isWaiting
            if isOver { return }
            let endCount = try await lookForEnds(before, through: &runningGlass, watch)
            let handledCount = try await lookForHandled(before, through: &unhandledGlass, watch)
            let hasMoved = endCount + handledCount > 0 || state.sentCount != before.sentCount
            if hasMoved || !before.isWaiting { lastChange = .now }
            if ContinuousClock.now - lastChange > request.patience { return }
            // Where most of those asked about are over, others are too.
            if max(endCount, handledCount) > EndWatch.countMax / 2 { continue }
            try await Task.sleep(for: request.isSingle ? .milliseconds(10) : Self.lookInterval)
        }
    }

    /// - Returns: how many sagas are over, or will never be.
    private func lookForEnds(
        _ state: InjectionTally, through glass: inout LookingGlass, _ watch: EndWatch
    ) async throws -> Int {
        if state.running.isEmpty { return 0 }
        let asked = glass.part(of: state.running.sorted { $0.value.began < $1.value.began })
        var ends = try await watch.ends(asked.map(\.key))
        // What ended before its message was sent is another run's, unless clocks differ: then the message was not refused.
        let early = ends.filter { end in state.running[end.saga].map { end.at < $0.began } ?? false }.map(\.saga)
        let sent = early.compactMap { state.running[$0]?.sent }
        let handled = try await watch.handled(sent)
        ends.removeAll { end in
            guard let message = state.running[end.saga]?.sent, early.contains(end.saga) else { return false }
            return !handled.contains(message.id)
        }
        // What does not end may never have begun.
        let doubtful = ends.isEmpty ? asked.compactMap { _, saga in saga.sent } : sent
        let refusals = doubtful.isEmpty ? [] : try await watch.refusals(doubtful)
        tally.withLock { tally in
            tally.refused(refusals)
            for end in ends { tally.ended(end.saga, as: end.outcome, at: end.at) }
        }
        let count = ends.count + refusals.count
        glass.looked(hasFound: count > 0, count: state.running.count)
        return count
    }

    /// - Returns: how many messages are handled.
    private func lookForHandled(
        _ state: InjectionTally, through glass: inout LookingGlass, _ watch: EndWatch
    ) async throws -> Int {
        if state.unhandled.isEmpty { return 0 }
        let asked = glass.part(of: state.unhandled.sorted { $0.key < $1.key })
        let handled = try await watch.handled(asked.map { ($0.key, $0.value) })
        let services = state.unhandled
        let refusals = try await watch.refusals(handled.compactMap { id in services[id].map { (id, $0) } })
        tally.withLock { tally in
            tally.refused(refusals)
            tally.handled(handled)
        }
        glass.looked(hasFound: !handled.isEmpty, count: state.unhandled.count)
        return handled.count
    }
}

extension InjectionRequest {
    /// Whether it is one message, for which somebody sits and waits.
    var isSingle: Bool {
        switch origin {
        case .template(let count): count == 1
        case .payload: true
        case .lines: false
        }
    }
}

extension PublishOutcome {
    /// Whether the message never left, for there was no broker in all the time that a publish has.
    fileprivate var isOutOfReach: Bool {
        guard case .notSent(let error) = self else { return false }
        return error.code == .timedOut || error.code == .closed
    }
}
