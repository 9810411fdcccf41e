import Glibc
import Reactor
import Telemetry

/// Keeps one connection alive: connects, restores what was asked for, and starts again when the link ends.
///
/// Publishers and consumers hold it; each of them restores its own channel, so that one that cannot does not stop the
/// others.
final class ConnectionCore: Sendable {
    private struct State {
        var link = Promise<Link>()
        /// Logged in, and not for everybody yet: what was declared comes first.
        var restoring: Link?
        var topology = Topology()
        /// Declarations that the broker answers by closing the connection.
        var fatalSteps: Set<String> = []
        /// What could not be declared again on the open link yet.
        var unrestored: [String] = []
        var nextMember: UInt64 = 0
        /// The publishers and consumers to restore, with the generation each has last reported on.
        var members: [UInt64: Member] = [:]
        var recoveredGeneration: UInt64 = 0
        var isClosing = false
        var supervisor: Task<Void, Never>?

        /// The link there is.
        var openLink: Link? {
            if case .success(let link) = link.current { link } else { restoring }
        }
    }

    private struct Member {
        var name: String
        var reported: UInt64 = 0
        var isUp = false
    }

    let configuration: ConnectionConfiguration
    /// Where the bytes are moved.
    let loop: EventLoop
    private let ownsLoop: Bool
    let metrics = ConnectionMetrics()
    let events = EventBroadcast()
    private let state = Lock(State())
    private let ended = Promise<Void>()

    /// - Throws: `unreachable`, where no descriptor is left.
    init(_ configuration: ConnectionConfiguration, executor: EventLoop? = nil) throws(AMQPError) {
        guard let loop = executor ?? EventLoop(ifPossible: "skald-amqp") else {
            throw Socket.systemError("cannot open an epoll", EMFILE)
        }
        self.loop = loop
        ownsLoop = executor == nil
        self.configuration = configuration
    }

    // MARK: Life

    func start() {
        let task = Task { await run() }
        state.withLock { $0.supervisor = task }
    }

    /// The link, once there is one.
    ///
    /// - Throws: `closed` after the end, `cancelled` where the task is, or why the first connect failed for good.
    func link() async throws(AMQPError) -> Link {
        try await state.withLock { $0.link }.value()
    }

    func link(within limit: Duration, orTimeOut message: String) async throws(AMQPError) -> Link {
        try await state.withLock { $0.link }.value(within: limit, orTimeOut: message)
    }

    /// The link for a request: nobody who asks waits longer than an opening may take.
    func linkInTime() async throws(AMQPError) -> Link {
        try await link(
            within: configuration.openTimeout, orTimeOut: "the broker was not connected to within the open timeout")
    }

    var isClosing: Bool { state.withLock { $0.isClosing } }

    /// Says goodbye to the broker and ends the supervisor.
    func close() async {
        if let link = closingLink() {
            _ = try? await link.call(.connectionClose(code: 200, text: "closed by its owner"), on: 0)
            link.shutdown(AMQPError(.closed, "the connection was closed by its owner"))
        }
        let supervisor = state.withLock { $0.supervisor }
        supervisor?.cancel()
        await supervisor?.value
    }

    /// Ends the link for good, so that nobody waits for an answer any more.
    func cutLink() {
        closingLink()?.shutdown(AMQPError(.closed, "the broker did not answer while the connection was closed"))
    }

    /// From now on nothing is opened any more.
    ///
    /// - Returns: the link there is to close.
    private func closingLink() -> Link? {
        state.withLock { state in
            state.isClosing = true
            return state.openLink
        }
    }

    /// Ends without waiting, when the owner has let go of the connection.
    func abandon() {
        let link = closingLink()
        state.withLock { $0.supervisor }?.cancel()
        link?.shutdown(AMQPError(.closed, "the connection was released without being closed"))
    }

    private func run() async {
        var machine = RecoveryMachine(
            policy: configuration.recovery, order: Array(configuration.hosts.indices.shuffled()))
        while !isClosing, !Task.isCancelled {
            guard case .connect(let hostIndex) = machine.next() else { break }
            let host = configuration.hosts[hostIndex]
            let watch = LinkWatch(self)
            do {
                let link = try await open(host, generation: machine.generation + 1, watch)
                _ = machine.opened()
                metrics.connects.add(1)
                events.send(.connected(host: host, generation: link.generation))
                state.withLock { $0.restoring = link }
                // Whoever closes looks for a link after saying so: one of both sees the other.
                if isClosing { link.shutdown(AMQPError(.closed, "the connection was closed by its owner")) }
                await restoreTopology(on: link)
                publish(link)
                let openedAt = ContinuousClock.now
                let error = await watch.ended()
                withdraw(error)
                let life = ContinuousClock.now - openedAt
                if case .wait(let pause) = machine.lost(after: life, draw: Double.random(in: 0...1)) {
                    try? await Task.sleep(for: pause)
                }
            } catch {
                metrics.connectFailures.add(1)
                switch machine.failed(error, draw: Double.random(in: 0...1)) {
                case .giveUp:
                    return finish(error)
                case .wait(let pause):
                    events.send(.connectFailed(host: host, error, retryIn: pause))
                    try? await Task.sleep(for: pause)
                case .connect:
                    break
                }
            }
        }
        finish(AMQPError(.closed, "the connection was closed by its owner"))
    }

    private func open(
        _ host: ConnectionConfiguration.Host, generation: UInt64, _ watch: LinkWatch
    ) async throws(AMQPError) -> Link {
        let credentials: Credentials
        do {
            credentials = try configuration.credentials()
        } catch {
            throw AMQPError(.authenticationFailed, "the credentials cannot be read", cause: error)
        }
        let settings = LinkSettings(
            host: host, tls: configuration.tls, wish: configuration.wish(as: credentials),
            connectTimeout: configuration.connectTimeout, bodyByteCountMax: configuration.bodyByteCountMax)
        return try await LinkShell.open(
            settings: settings, generation: generation, requestTimeout: configuration.requestTimeout, metrics: metrics,
            on: loop, observer: watch)
    }

    private func publish(_ link: Link) {
        state.withLock { state in
            state.restoring = nil
            return state.link
        }.settle(.success(link))
        reportRecovery(link.generation)
    }

    private func withdraw(_ error: AMQPError) {
        metrics.isBlocked.set(0)
        if !isClosing {
            metrics.connectionsLost.add(1)
            if error.replyCode != nil { metrics.connectionsClosedByBroker.add(1) }
        }
        state.withLock { $0.link = Promise() }
        events.send(.disconnected(error))
    }

    private func finish(_ error: AMQPError) {
        // The next link will never come: whoever waits for it is told why.
        state.withLock { state in
            state.isClosing = true
            if state.link.current != nil { state.link = Promise() }
            return state.link
        }.settle(.failure(error))
        events.send(.closed)
        events.finish()
        // Its thread ends with the link.
        if ownsLoop { loop.release() }
    }

    // MARK: Topology

    /// Remembers declarations, to make them again after a reconnect.
    func remember(_ topology: Topology) {
        state.withLock { state in
            state.topology.merge(topology)
            state.fatalSteps.subtract(topology.steps.map(\.name))
        }
    }

    /// Forgets what was deleted.
    func forget(_ remove: (inout Topology) -> Void) {
        state.withLock { remove(&$0.topology) }
    }

    private func restoreTopology(on link: Link) async {
        guard link.generation > 1 else { return }
        let steps = state.withLock { state in state.topology.steps.filter { !state.fatalSteps.contains($0.name) } }
        let failed = await perform(steps, on: link)
        state.withLock { $0.unrestored = failed.map(\.name) }
        if !failed.isEmpty, link.mailbox.closedBy == nil { Task { await retry(failed, on: link) } }
    }

    /// Tries again what could not be restored, as an exclusive queue that the broker still holds for a lost connection.
    private func retry(_ failed: [Topology.Step], on link: Link) async {
        var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(30))
        var remaining = failed
        while !remaining.isEmpty {
            try? await Task.sleep(for: backoff.next(draw: Double.random(in: 0...1)))
            let wanted = state.withLock { $0.topology }
            guard link.mailbox.closedBy == nil else { return }
            remaining = await perform(wanted.asWantedNow(remaining), on: link)
            // What the next link is told of is not this one's.
            if link.mailbox.closedBy == nil { state.withLock { $0.unrestored = remaining.map(\.name) } }
        }
    }

    /// A broker that does not answer one declaration makes nobody wait for its like: those behind it are left for later, and
    /// come before it then.
    ///
    /// - Returns: the steps that failed or were left while the link lived.
    private func perform(_ steps: [Topology.Step], on link: Link) async -> [Topology.Step] {
        var failed: [Topology.Step] = []
        let declarer = TopologyDeclarer(link: link)
        for (index, step) in steps.enumerated() {
            do {
                try await declarer.perform(step.method)
            } catch {
                if let end = link.mailbox.closedBy {
                    noteFatal(step, end)
                    return []
                }
                events.send(.topologyFailed(entity: step.name, error))
                failed.append(step)
                if error.code == .timedOut { return steps[(index + 1)...] + failed }
            }
        }
        await declarer.close()
        return failed
    }

    /// A declaration that the broker answers by closing the connection, as for an exchange type it does not know, would
    /// cost every connection to come: it is left out until it is declared anew. Other ends are no declaration's fault.
    private func noteFatal(_ step: Topology.Step, _ error: AMQPError) {
        guard let code = error.replyCode, AMQPError.causedByDeclarations.contains(code) else { return }
        state.withLock { _ = $0.fatalSteps.insert(step.name) }
        events.send(.topologyFailed(entity: step.name, error))
    }

    // MARK: Members

    /// Registers a publisher or a consumer, which reports after each reconnect.
    func join(_ name: String) -> UInt64 {
        state.withLock { state in
            defer { state.nextMember += 1 }
            state.members[state.nextMember] = Member(name: name)
            return state.nextMember
        }
    }

    func leave(_ member: UInt64) {
        let generation = state.withLock { state in
            state.members[member] = nil
            return state.link.current.flatMap { try? $0.get().generation }
        }
        if let generation { reportRecovery(generation) }
    }

    /// A member says whether it stands on this generation.
    func report(_ member: UInt64, generation: UInt64, isUp: Bool) {
        state.withLock { state in
            state.members[member]?.reported = generation
            state.members[member]?.isUp = isUp
        }
        reportRecovery(generation)
    }

    /// Once every member has reported on a generation, recovery is complete.
    private func reportRecovery(_ generation: UInt64) {
        let failing = state.withLock { state -> [String]? in
            guard generation > 1, generation > state.recoveredGeneration,
                state.members.values.allSatisfy({ $0.reported >= generation })
            else { return nil }
            state.recoveredGeneration = generation
            return state.unrestored + state.members.values.filter { !$0.isUp }.map(\.name).sorted()
        }
        if let failing { events.send(.recovered(generation: generation, stillFailing: failing)) }
    }
}

/// Hears of one link's end, and passes on what the broker says of the connection.
private final class LinkWatch: LinkObserver {
    private let core: ConnectionCore
    private let promise = Promise<AMQPError>()

    init(_ core: ConnectionCore) {
        self.core = core
    }

    func ended() async -> AMQPError {
        // The supervisor is cancelled only after the link was shut down, so the end is near even then.
        await Task { try? await promise.value() }.value ?? AMQPError(.closed, "the connection was closed")
    }

    func linkBlocked(reason: String) {
        core.metrics.isBlocked.set(1)
        core.metrics.blocks.add(1)
        core.events.send(.blocked(reason: reason))
    }

    func linkUnblocked() {
        core.metrics.isBlocked.set(0)
        core.events.send(.unblocked)
    }

    func linkEnded(_ error: AMQPError) {
        promise.settle(.success(error))
    }
}

extension ConnectionConfiguration {
    /// What a login asks for.
    func wish(as credentials: Credentials) -> LoginMachine.Wish {
        LoginMachine.Wish(
            credentials: credentials, virtualHost: virtualHost, clientProperties: clientProperties,
            channelMax: channelCountMax, frameMax: frameByteCountMax,
            heartbeat: UInt16(clamping: heartbeat.components.seconds))
    }

    /// What we tell the broker about us; without the capabilities it would neither cancel nor block aloud.
    var clientProperties: FieldTable {
        [
            "product": "Skald AMQP", "platform": "Swift", "connection_name": .string(name),
            "capabilities": .table([
                "publisher_confirms": true, "basic.nack": true, "consumer_cancel_notify": true,
                "connection.blocked": true, "authentication_failure_close": true, "exchange_exchange_bindings": true,
            ]),
        ]
    }
}
