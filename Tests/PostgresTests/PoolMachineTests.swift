import Reactor
import Testing

@testable import Postgres

@Suite struct PoolMachineTests {
    private final class Link {}
    private typealias Machine = PoolMachine<Link, String>
    private let start = MonotonicTime(nanoseconds: 0)

    private func machine(max: Int = 2, min: Int = 0, waiters: Int = 100) -> Machine {
        var limits = PostgresConfiguration.PoolLimits()
        limits.connectionCountMax = max
        limits.connectionCountMin = min
        limits.waiterCountMax = waiters
        limits.idleTimeout = .seconds(300)
        limits.healthCheckInterval = .seconds(30)
        limits.backoffMin = .milliseconds(100)
        limits.backoffMax = .seconds(1)
        limits.refusedBackoffMax = .seconds(15)
        return Machine(limits: limits)
    }

    private func wait(_ machine: inout Machine, _ name: String) -> (id: Int, connect: Int)? {
        guard case .wait(let id, let connect) = machine.acquire(name, deadline: .never) else { return nil }
        return (id, connect)
    }

    @Test func waitersAreServedInOrder() throws {
        var machine = machine(max: 1)
        #expect(try #require(wait(&machine, "a")).connect == 1)
        #expect(try #require(wait(&machine, "b")).connect == 0)
        let link = Link()
        guard case .handOver(_, to: "a") = machine.connected(link, now: start) else { return #expect(Bool(false)) }
        guard case .handOver(_, to: "b") = machine.giveBack(link, isSound: true, now: start) else {
            return #expect(Bool(false))
        }
        guard case .keep = machine.giveBack(link, isSound: true, now: start) else { return #expect(Bool(false)) }
        #expect(machine.takeIdle() === link)
        #expect(machine.leasedCount == 1)
    }

    @Test func whoLeftIsSkipped() throws {
        var machine = machine(max: 1)
        let first = try #require(wait(&machine, "a"))
        _ = wait(&machine, "b")
        let left = machine.leave(first.id)
        #expect(left == "a")
        let again = machine.leave(first.id)
        #expect(again == nil)
        guard case .handOver(_, to: "b") = machine.connected(Link(), now: start) else { return #expect(Bool(false)) }
    }

    @Test func neverMoreConnectionsThanAllowed() throws {
        var machine = machine(max: 3)
        var made = 0
        for number in 0..<10 { made += try #require(wait(&machine, "\(number)")).connect }
        #expect(made == 3)
        #expect(machine.connectionsToMake() == 0)
    }

    @Test func anUnsoundConnectionMakesRoomForAnother() throws {
        var machine = machine(max: 1)
        _ = wait(&machine, "a")
        let link = Link()
        _ = machine.connected(link, now: start)
        _ = wait(&machine, "b")
        guard case .close = machine.giveBack(link, isSound: false, now: start) else { return #expect(Bool(false)) }
        #expect(machine.connectionsToMake() == 1)
    }

    @Test func aServerThatIsAwayIsTriedOneAtATimeWithGrowingPauses() throws {
        var machine = machine(max: 3)
        for name in ["a", "b", "c"] { _ = wait(&machine, name) }
        let refused = PostgresError(.connectionFailed)
        #expect(machine.connectFailed(refused, jitter: 1) == .milliseconds(100))
        #expect(machine.connectFailed(refused, jitter: 1) == nil)
        #expect(machine.connectFailed(refused, jitter: 1) == nil)
        #expect(machine.connectionsToMake() == 0)
        #expect(machine.pauseEnded() == 1)
        #expect(machine.connectionsToMake() == 0)
        #expect(machine.connectFailed(refused, jitter: 1) == .milliseconds(200))
        for _ in 0..<8 {
            #expect(machine.pauseEnded() == 1)
            _ = machine.connectFailed(refused, jitter: 1)
        }
        #expect(machine.pauseEnded() == 1)
        #expect(machine.connectFailed(refused, jitter: 1) == .seconds(1))
        #expect(machine.pauseEnded() == 1)
        _ = machine.connected(Link(), now: start)
        #expect(machine.connectionsToMake() == 2)
    }

    @Test func refusedCredentialsPauseLonger() throws {
        var machine = machine()
        _ = wait(&machine, "a")
        var pause: Duration?
        for _ in 0..<12 {
            pause = machine.connectFailed(PostgresError(.authenticationFailed), jitter: 1)
            _ = machine.pauseEnded()
        }
        #expect(pause == .seconds(15))
    }

    @Test func anIdleConnectionThatBreaksIsReplacedOnlyWhereOneIsNeeded() {
        var machine = machine(max: 2, min: 1)
        #expect(machine.connectionsToMake() == 1)
        let link = Link()
        _ = machine.connected(link, now: start)
        let lost = [machine.lost(link), machine.lost(link)]
        #expect(lost == [true, false])
        #expect(machine.connectionsToMake() == 1)
    }

    @Test func upkeepClosesTheOldTriesTheRestAndEndsWaiting() throws {
        var machine = machine(max: 3, min: 1)
        let links = [Link(), Link()]
        _ = wait(&machine, "a")
        _ = wait(&machine, "b")
        for link in links { _ = machine.connected(link, now: start) }
        for link in links { _ = machine.giveBack(link, isSound: true, now: start) }
        let early = machine.upkeep(now: start + .seconds(31))
        #expect(early.toClose.isEmpty)
        #expect(early.toCheck.count == 2)
        #expect(machine.idleCount == 0)
        for link in links { _ = machine.giveBack(link, isSound: true, now: start + .seconds(31)) }
        let late = machine.upkeep(now: start + .seconds(400))
        #expect(late.toClose.count == 1)
        #expect(late.toCheck.count == 1)
    }

    @Test func upkeepTellsWaitersWhoseTimeIsOver() {
        var machine = machine(max: 1)
        _ = machine.acquire("soon", deadline: start + .seconds(5))
        _ = machine.acquire("later", deadline: start + .seconds(50))
        #expect(machine.upkeep(now: start + .seconds(6)).expired == ["soon"])
        #expect(machine.waitingCount == 1)
    }

    @Test func tooManyWaitersAreRefused() {
        var machine = machine(max: 1, waiters: 1)
        _ = wait(&machine, "a")
        guard case .refuse(let error) = machine.acquire("b", deadline: .never) else { return #expect(Bool(false)) }
        #expect(error.code == .poolTimeout)
    }

    @Test func aClosedPoolGivesAndKeepsNothing() {
        var machine = machine(max: 2)
        _ = wait(&machine, "a")
        _ = wait(&machine, "b")
        let link = Link()
        _ = machine.connected(link, now: start)
        let (waiters, connections) = machine.close()
        #expect(waiters == ["b"])
        #expect(connections.isEmpty)
        guard case .close = machine.giveBack(link, isSound: true, now: start) else { return #expect(Bool(false)) }
        guard case .refuse(let error) = machine.acquire("c", deadline: .never) else { return #expect(Bool(false)) }
        #expect(error.code == .poolClosed)
        guard case .close = machine.connected(Link(), now: start) else { return #expect(Bool(false)) }
    }
}
