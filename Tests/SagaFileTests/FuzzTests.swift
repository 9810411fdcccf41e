import SagaFile
import Testing

/// Random damage to sound files: whatever comes out, the loader answers with a library or with faults.
@Suite struct FuzzTests {
    /// SplitMix64: small, seeded, the same everywhere.
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }

    private static let seed: UInt64 = 0x5ca1d
    private static let duration = Duration.seconds(4)

    private static let shards: [[UInt8]] =
        [
            "&a ", "*a", "!!str ", "%YAML 1.2\n", "---\n", "...\n", "<<: ", "? ", ": ", "- ", "[", "]", "{", "}", ",",
            "|\n",
            ">-\n", "\"", "'", "#", "\t", "\r", "\n\n", "\u{202E}", "\u{FEFF}", "\u{0}", "\u{85}", "٣", "🍕", "null",
            "~",
            "1e9", "-0", "0x10", "99999999999999999999", "data.", "reply.x", "list<", ">", "choice<a|", "?", "not ",
            "and ",
            "(((((((((((((((((", "PT", "P1D", "x-", "steps", "parallel:\n", "undo:", "kind: pivot", "never", "forever",
        ].map { Array($0.utf8) } + [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]

    @Test(.timeLimit(.minutes(2))) func damageNeverTrapsNorHangs() throws {
        var random = Random(state: Self.seed)
        let files = try Base.names.map { try SourceFile.read(Base.folder + "/" + $0) }
        let clock = ContinuousClock()
        let end = clock.now + Self.duration
        var (runs, refused) = (0, 0)
        while clock.now < end {
            let victim = Int.random(in: files.indices, using: &random)
            var bytes = files[victim].bytes
            for _ in 0..<Int.random(in: 1...2, using: &random) { Self.damage(&bytes, &random) }
            do {
                let library = try Base.load(replacing: files[victim].name, with: bytes)
                let canonical = try #require(library.sagas.first).canonical
                #expect(try LoadedSaga.canonical(canonical.json).canonical == canonical)
            } catch let error as DefinitionError {
                refused += 1
                #expect(!error.diagnostics.isEmpty)
                #expect(error.diagnostics.allSatisfy { $0.mark >= .start })
            }
            runs += 1
        }
        print("fuzz: seed \(Self.seed), \(runs) runs, \(refused) refused")
        #expect(refused > 0)
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout Random) {
        guard !bytes.isEmpty else {
            bytes = shards.randomElement(using: &random) ?? []
            return
        }
        let place = Int.random(in: bytes.indices, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place..<end)
        case 2: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 3: bytes.insert(contentsOf: shards.randomElement(using: &random) ?? [], at: place)
        case 4: bytes.removeSubrange(place...)
        case 5: bytes.swapAt(place, Int.random(in: bytes.indices, using: &random))
        default:
            var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            lines.swapAt(Int.random(in: lines.indices, using: &random), Int.random(in: lines.indices, using: &random))
            bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        }
    }
}

extension SourceFile {
    /// The last part of the path.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
