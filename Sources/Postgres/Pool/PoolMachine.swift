import Reactor

/// Decides which connection goes to whom, when to make one and when to give one up.
///
/// Waiters are served in the order they came. Connections are used last in, first out, so that those nobody needs grow old.
/// `Connection` and `Waiter` stand for whatever the shell keeps behind them.
struct PoolMachine<Connection: AnyObject, Waiter> {
    typealias WaiterID = Int

    private struct Idle {
        let connection: Connection
        var idleSince: MonotonicTime
        var checkedAt: MonotonicTime
    }

    private struct Queued {
        let waiter: Waiter
        let deadline: MonotonicTime
    }

    /// Whether connections can be made.
    enum Server {
        /// Exits: a failed attempt.
        case reachable
        /// Exits: the pause ends, a connection is made.
        case pausing(failureCount: Int)
        /// One attempt finds out. Exits: it succeeds or fails.
        case probing(failureCount: Int)
    }

    enum Acquire {
        case lease(Connection)
        /// The caller is queued under this id; so many connections are to be made.
        case wait(WaiterID, connect: Int)
        case refuse(PostgresError)
    }

    enum Return {
        case handOver(Connection, to: Waiter)
        case keep
        case close(Connection)
    }

    /// What a look at the clock brings.
    struct Upkeep {
        var toClose: [Connection] = []
        /// Lent to the shell, which tries them and gives them back.
        var toCheck: [Connection] = []
        /// Waiters whose deadline has passed.
        var expired: [Waiter] = []
        var connect = 0
    }

    private let limits: PostgresConfiguration.PoolLimits
    private var idle: [Idle] = []
    private(set) var leasedCount = 0
    private(set) var connectingCount = 0
    private var waiters: [WaiterID: Queued] = [:]
    /// The waiters' order; ids of those who left are skipped.
    private var queue = Ring<WaiterID>()
    private var lastWaiterID = 0
    private(set) var server = Server.reachable
    private(set) var lastFailure: PostgresError?
    private(set) var isClosed = false

    init(limits: PostgresConfiguration.PoolLimits) {
        precondition(limits.connectionCountMax > 0, "a pool holds at least one connection")
        self.limits = limits
    }

    var idleCount: Int { idle.count }
    var waitingCount: Int { waiters.count }
    private var totalCount: Int { idle.count + leasedCount + connectingCount }

    // MARK: Taking and giving back

    /// An idle connection, for whom that spares the wait.
    mutating func takeIdle() -> Connection? {
        guard !isClosed, let connection = idle.popLast()?.connection else { return nil }
        leasedCount += 1
        return connection
    }

    mutating func acquire(_ waiter: Waiter, deadline: MonotonicTime) -> Acquire {
        if isClosed { return .refuse(PostgresError(.poolClosed)) }
        if let connection = takeIdle() { return .lease(connection) }
        guard waiters.count < limits.waiterCountMax else {
            return .refuse(PostgresError(.poolTimeout, note: "\(waiters.count) tasks are waiting already"))
        }
        lastWaiterID += 1
        waiters[lastWaiterID] = Queued(waiter: waiter, deadline: deadline)
        queue.append(lastWaiterID)
        return .wait(lastWaiterID, connect: connectionsToMake())
    }

    /// A waiter was cancelled or its deadline has passed.
    ///
    /// - Returns: the waiter if it was still there.
    mutating func leave(_ id: WaiterID) -> Waiter? {
        waiters.removeValue(forKey: id)?.waiter
    }

    mutating func giveBack(_ connection: Connection, isSound: Bool, now: MonotonicTime) -> Return {
        leasedCount -= 1
        guard isSound, !isClosed else { return .close(connection) }
        return offer(connection, now: now)
    }

    private mutating func offer(_ connection: Connection, now: MonotonicTime) -> Return {
        while let id = queue.removeFirst() {
            guard let waiter = leave(id) else { continue }
            leasedCount += 1
            return .handOver(connection, to: waiter)
        }
        idle.append(Idle(connection: connection, idleSince: now, checkedAt: now))
        return .keep
    }

    // MARK: Making connections

    /// How many connections to begin to make now; they count from this moment.
    mutating func connectionsToMake() -> Int {
        if isClosed { return 0 }
        let wanted = max(waiters.count - connectingCount, limits.connectionCountMin - totalCount)
        let room = limits.connectionCountMax - totalCount
        var count = max(0, min(wanted, room))
        switch server {
        case .reachable: break
        case .pausing: count = 0
        case .probing: count = connectingCount == 0 ? min(count, 1) : 0
        }
        connectingCount += count
        return count
    }

    mutating func connected(_ connection: Connection, now: MonotonicTime) -> Return {
        connectingCount -= 1
        server = .reachable
        lastFailure = nil
        if isClosed { return .close(connection) }
        return offer(connection, now: now)
    }

    /// - Returns: how long to pause before ``pauseEnded()`` is called; nil when a pause runs already.
    mutating func connectFailed(_ error: PostgresError, jitter: Double) -> Duration? {
        connectingCount -= 1
        lastFailure = error
        let failureCount: Int
        switch server {
        case .reachable: failureCount = 1
        case .probing(let count): failureCount = count + 1
        case .pausing: return nil
        }
        server = .pausing(failureCount: failureCount)
        let isRefused = error.code == .authenticationFailed
        let backoff = Backoff(min: limits.backoffMin, max: isRefused ? limits.refusedBackoffMax : limits.backoffMax)
        return backoff.pause(afterAttempt: failureCount, jitter: jitter)
    }

    /// - Returns: how many connections to make.
    mutating func pauseEnded() -> Int {
        if case .pausing(let count) = server { server = .probing(failureCount: count) }
        return connectionsToMake()
    }

    // MARK: Losing connections

    /// An idle connection broke; a leased one shows when it is given back.
    ///
    /// - Returns: whether it was idle, and so is to be closed now.
    mutating func lost(_ connection: Connection) -> Bool {
        guard let place = idle.firstIndex(where: { $0.connection === connection }) else { return false }
        idle.remove(at: place)
        return true
    }

    mutating func upkeep(now: MonotonicTime) -> Upkeep {
        var upkeep = Upkeep()
        var kept: [Idle] = []
        for entry in idle {
            let mayClose = totalCount - upkeep.toClose.count > limits.connectionCountMin
            if mayClose && entry.idleSince + limits.idleTimeout < now {
                upkeep.toClose.append(entry.connection)
            } else if entry.checkedAt + limits.healthCheckInterval < now {
                upkeep.toCheck.append(entry.connection)
            } else {
                kept.append(entry)
            }
        }
        idle = kept
        for id in waiters.filter({ $0.value.deadline < now }).keys.sorted() {
            if let waiter = leave(id) { upkeep.expired.append(waiter) }
        }
        leasedCount += upkeep.toCheck.count
        upkeep.connect = connectionsToMake()
        return upkeep
    }

    /// Closes the pool: leased connections are closed when they come back.
    mutating func close() -> (waiters: [Waiter], connections: [Connection]) {
        isClosed = true
        defer {
            waiters = [:]
            idle = []
        }
        return (waiters.sorted { $0.key < $1.key }.map(\.value.waiter), idle.map(\.connection))
    }
}

extension PoolMachine.Acquire: Sendable where Connection: Sendable, Waiter: Sendable {}
extension PoolMachine.Return: Sendable where Connection: Sendable, Waiter: Sendable {}
extension PoolMachine.Upkeep: Sendable where Connection: Sendable, Waiter: Sendable {}
