import BankSample
import Messaging

@testable import Participant

/// Commands for a bank, drawn from a seed: movements, refusals, pairs of do and undo, and poison among them.
struct BankLoad {
    /// Commands that come to an answer.
    var good: [OutgoingMessage] = []
    /// Commands that end in the dead queue.
    var poison: Set<UUIDv7> = []
    /// Everything as it is sent: with duplicates, out of order.
    var sequence: [WireMessage] = []

    /// - Parameters:
    ///   - count: distinct commands.
    ///   - duplicateShare: how many are sent again, from 0 to 1.
    ///   - poisonShare: how many can never be handled.
    ///   - window: how far a message may be from its place.
    init(
        _ saga: SagaSide, count: Int, seed: UInt64, duplicateShare: Double = 0.3, poisonShare: Double = 0.01,
        window: Int = 64
    ) throws {
        var random = SeededGenerator(seed: seed)
        var messages: [OutgoingMessage] = []
        while messages.count < count {
            let number = messages.count
            let account = "a\(Int.random(in: 0..<50, using: &random))"
            let amount = Int64.random(in: 1...9, using: &random)
            if Double.random(in: 0..<1, using: &random) < poisonShare {
                let deposit = Bank.Deposit(account: account, amount: amount, trick: .throwing)
                messages.append(try saga.command(deposit, saga: "s\(number)"))
                poison.insert(messages[number].id)
                continue
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                messages.append(try saga.command(Bank.Deposit(account: account, amount: -amount), saga: "s\(number)"))
            case 1:
                let reserve = Bank.Reserve(account: account, amount: amount)
                let release = Bank.Release(account: account, amount: amount)
                messages.append(try saga.command(reserve, saga: "s\(number)"))
                messages.append(try saga.command(release, saga: "s\(number)", direction: .backward))
            default:
                messages.append(try saga.command(Bank.Deposit(account: account, amount: amount), saga: "s\(number)"))
            }
        }
        good = messages.filter { !poison.contains($0.id) }
        sequence = messages.flatMap { message in
            let copyCount = Double.random(in: 0..<1, using: &random) < duplicateShare ? 2 : 1
            return Array(repeating: message.envelope.message(body: message.body), count: copyCount)
        }
        for index in sequence.indices {
            let other = Int.random(in: index..<min(index + window, sequence.count), using: &random)
            sequence.swapAt(index, other)
        }
    }
}

/// A generator whose course a seed decides (SplitMix64, Steele and others, 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
