import Messaging
import Testing

/// Texts nobody would write on purpose. What must hold: no trap, and what is read is written back as it was.
@Suite struct JSONFuzzTests {
    @Test(arguments: UInt64(1)...8) func brokenTextsNeverTrapAndReadableOnesSurviveTheRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var readableCount = 0
        for _ in 0..<800 {
            var bytes = Array(Ticket.exampleText.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&bytes, using: &random) }
            _ = refusal(of: bytes, as: Ticket.self)
            guard let value = try? JSON.decode(JSONValue.self, from: bytes) else { continue }
            readableCount += 1
            #expect(try JSON.decode(JSONValue.self, from: JSON.encode(value)) == value)
        }
        #expect(readableCount > 30)
    }

    @Test(arguments: UInt64(11)...14) func pureNoiseNeverTraps(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\",:\\u0123456789eE+-.truefalsn \u{0}\u{7F}é".utf8) + [0x80, 0xC3, 0xF0, 0xFF, 0xED]
        for _ in 0..<1500 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            _ = refusal(of: bytes, as: Ticket.self)
            _ = refusal(of: bytes, as: JSONValue.self)
        }
    }

    @Test func everyPrefixOfAGoodTextIsRefused() {
        let bytes = Array(Ticket.exampleText.utf8)
        for length in 0..<bytes.count {
            #expect(refusal(of: Array(bytes[..<length]), as: JSONValue.self) != nil)
        }
    }

    @Test(arguments: UInt64(21)...24) func randomValuesSurviveTheRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let value = randomValue(depth: 0, using: &random)
            let bytes = try JSON.encode(value)
            #expect(try JSON.decode(JSONValue.self, from: bytes) == value)
            #expect(try JSON.decode(JSONValue.self, from: JSON.encode(value, layout: .indented)) == value)
        }
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(Array("{}[]\",:\\09e-.".utf8).randomElement(using: &random) ?? 0, at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 10))
        default:
            let copied = bytes[place..<min(bytes.count, place + 20)]
            bytes.insert(contentsOf: copied, at: Int.random(in: 0...bytes.count, using: &random))
        }
    }

    private func randomValue(depth: Int, using random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &random) {
        case 0: .null
        case 1: .boolean(Bool.random(using: &random))
        case 2: .integer(Int64(bitPattern: random.next()) >> Int64.random(in: 0..<63, using: &random))
        case 3: .unsigned(random.next() | 1 << 63)
        case 4: .number(randomDouble(using: &random))
        case 5: .string(randomText(using: &random))
        case 6:
            .array(
                (0..<Int.random(in: 0...5, using: &random)).map { _ in randomValue(depth: depth + 1, using: &random) })
        default:
            .object(
                (0..<Int.random(in: 0...20, using: &random)).map { index in
                    JSONValue.Field(
                        "\(index)" + randomText(using: &random), randomValue(depth: depth + 1, using: &random))
                })
        }
    }

    private func randomDouble(using random: inout SeededGenerator) -> Double {
        let number = Double(bitPattern: random.next())
        return number.isFinite ? number : 0.5
    }

    private func randomText(using random: inout SeededGenerator) -> String {
        let scalars = (0..<Int.random(in: 0...30, using: &random)).map { _ -> Unicode.Scalar in
            let range: ClosedRange<UInt32> = [0...0x7F, 0...0x7F, 0x80...0xD7FF, 0xE000...0x10FFFF][
                Int.random(in: 0..<4, using: &random)]
            return Unicode.Scalar(UInt32.random(in: range, using: &random)) ?? "?"
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
