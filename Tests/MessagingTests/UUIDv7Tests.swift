import Messaging
import Testing

@Suite struct UUIDv7Tests {
    private static let example = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

    /// The example of RFC 9562, appendix A.6.
    @Test func theExampleOfTheSpecificationIsReadAndShown() throws {
        let identifier = try #require(UUIDv7(Self.example))
        #expect(identifier.milliseconds == 1_645_557_742_000)
        #expect(identifier.description == Self.example)
        #expect(UUIDv7(Self.example.uppercased()) == identifier)
        #expect(UUIDv7(bytes: identifier.bytes) == identifier)
        #expect(identifier.bytes.prefix(2) == [0x01, 0x7F])
    }

    @Test(arguments: [
        "", "017f22e2", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017f22e2 79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", "é17f22e2-79b0-7cc3-98c4-dc0c0c0739",
    ]) func whatIsNoUUIDOfVersionSevenIsRefused(text: String) {
        #expect(UUIDv7(text) == nil)
    }

    @Test func bytesOfAnotherLengthAreRefused() {
        #expect(UUIDv7(bytes: [UInt8](repeating: 0x77, count: 15)) == nil)
        #expect(UUIDv7(bytes: [UInt8](repeating: 0xB7, count: 17)) == nil)
    }

    @Test func idsRiseWhateverTheClockDoes() {
        var random = SeededGenerator(seed: 7)
        var generator = UUIDv7Generator()
        var last = generator.next(now: 1_000_000, using: &random)
        var now: Int64 = 1_000_000
        var fallCount = 0
        for _ in 0..<20_000 {
            now += Int64.random(in: -5...5, using: &random)
            let next = generator.next(now: now, using: &random)
            if next <= last { fallCount += 1 }
            last = next
        }
        #expect(fallCount == 0)
    }

    @Test func theTimeIsThatOfTheClockWhenItMovesOn() {
        var random = SeededGenerator(seed: 8)
        var generator = UUIDv7Generator()
        for now in [Int64(5), 6, 1_700_000_000_000, 281_474_976_710_655] {
            #expect(generator.next(now: now, using: &random).milliseconds == now)
        }
    }

    @Test func idsStillRiseWhenTheLowBitsOverflow() {
        // A source of ones leaves the counter as full as it can be.
        struct Ones: RandomNumberGenerator {
            mutating func next() -> UInt64 { .max }
        }
        var ones = Ones()
        var generator = UUIDv7Generator()
        var last = generator.next(now: 10, using: &ones)
        var fallCount = 0
        for _ in 0..<5000 {
            let next = generator.next(now: 10, using: &ones)
            if next <= last { fallCount += 1 }
            last = next
        }
        #expect(fallCount == 0)
    }

    @Test func aSourceSharedByTasksNeverRepeats() async {
        let source = UUIDv7Source(now: { 1_700_000_000_000 })
        let all = await withTaskGroup(of: [UUIDv7].self) { group in
            for _ in 0..<8 { group.addTask { (0..<500).map { _ in source.next() } + source.next(count: 500) } }
            return await group.reduce(into: Set<UUIDv7>()) { $0.formUnion($1) }
        }
        #expect(all.count == 8000)
    }
}
