@testable import AMQP

/// What a `PublishMachine` promises, without its ring, its moving head and its counters. What it tells is text, as
/// `PublishMachineTests.describe` makes it of what the machine tells.
struct PublishModel {
    enum Standing {
        case detached, open, blocked, closed
        /// No channel, and the loss of the last one is still to be told.
        case paused
    }

    struct Publish {
        var id: UInt64
        var byteCount: Int
        var submittedAt: UInt64
        var messageID: String
        var isMandatory: Bool
        var isReturned = false
        /// Its waiter has been told.
        var isAbandoned = false

        func ended(_ how: String) -> String { "\(isAbandoned ? -1 : Int(id)) \(isReturned ? "returned 312" : how)" }
    }

    let window: PublishMachine<Int>.Window
    let timeout: UInt64
    private(set) var standing = Standing.detached
    private(set) var waiting: [Publish] = []
    /// By number.
    private(set) var wire: [UInt64: Publish] = [:]
    private(set) var lastNumber: UInt64 = 0

    var wireByteCount: Int { wire.values.reduce(0) { $0 + $1.byteCount } }
    private var openNumbers: [UInt64] { wire.keys.sorted() }

    var canSend: Bool {
        guard standing == .open, let next = waiting.first, wire.count < window.countMax else { return false }
        return wire.isEmpty || wireByteCount + next.byteCount <= window.byteCountMax
    }

    var nextDeadline: UInt64? {
        let first = openNumbers.lazy.compactMap { wire[$0] }.first { !$0.isAbandoned }
        return [waiting.first, first].compactMap { $0.map { $0.submittedAt + timeout } }.min()
    }

    mutating func submit(_ publish: Publish) -> Bool {
        if standing != .closed { waiting.append(publish) }
        return standing != .closed
    }

    mutating func send() -> UInt64? {
        guard canSend else { return nil }
        lastNumber += 1
        wire[lastNumber] = waiting.removeFirst()
        return wire[lastNumber]?.id
    }

    mutating func withdrawLast(_ code: String) -> String? {
        defer { lastNumber -= 1 }
        return wire.removeValue(forKey: lastNumber)?.ended("notSent \(code)")
    }

    mutating func attach(blocked: Bool) {
        if standing == .detached { standing = blocked ? .blocked : .open }
    }

    mutating func pause() {
        if standing != .closed { standing = .paused }
    }

    mutating func detach(_ code: String) -> [String] {
        if standing != .closed { standing = .detached }
        return lose(code)
    }

    mutating func setBlocked(_ isBlocked: Bool) {
        if standing == (isBlocked ? .open : .blocked) { standing = isBlocked ? .blocked : .open }
    }

    mutating func close(_ code: String) -> [String] {
        defer { waiting = [] }
        standing = .closed
        return lose(code) + waiting.map { $0.ended("notSent \(code)") }
    }

    private mutating func lose(_ code: String) -> [String] {
        let ended = openNumbers.compactMap { wire[$0]?.ended("unknown \(code)") }
        wire = [:]
        lastNumber = 0
        return ended
    }

    mutating func settle(_ number: UInt64, multiple: Bool, acked: Bool) -> [String] {
        let last = multiple && number == 0 ? lastNumber : number
        guard last <= lastNumber else { return [] }
        let settled = openNumbers.filter { multiple ? $0 <= last : $0 == last }
        return settled.compactMap { wire.removeValue(forKey: $0)?.ended(acked ? "confirmed" : "nacked") }
    }

    mutating func giveBack(_ messageID: String) -> Bool {
        let number = openNumbers.first { number in
            wire[number].map { !$0.isReturned && $0.isMandatory && $0.messageID == messageID } ?? false
        }
        if let number { wire[number]?.isReturned = true }
        return number != nil
    }

    mutating func cancel(_ id: UInt64) -> String? {
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            return waiting.remove(at: index).ended("notSent cancelled")
        }
        guard let number = wire.keys.first(where: { wire[$0]?.id == id && wire[$0]?.isAbandoned == false }) else {
            return nil
        }
        defer { wire[number]?.isAbandoned = true }
        return wire[number]?.ended("unknown cancelled")
    }

    mutating func expire(_ now: UInt64) -> [String] {
        let isLate = { [timeout] (publish: Publish) in publish.submittedAt + timeout <= now }
        let unsent = waiting.filter(isLate)
        waiting.removeAll(where: isLate)
        let unconfirmed = openNumbers.filter { wire[$0].map { isLate($0) && !$0.isAbandoned } ?? false }
        let told = unconfirmed.compactMap { wire[$0]?.ended("unknown timedOut") }
        for number in unconfirmed { wire[number]?.isAbandoned = true }
        return unsent.map { "\($0.id) notSent timedOut" } + told
    }
}
