import SagaCheck
import SagaFile
import SagaModel
import Testing

@testable import Skald

/// Random damage to scenarios and histories: whatever is left is refused with a place, or runs to an end.
@Suite struct DamagedFilesTests {
    /// SplitMix64: small, seeded, the same everywhere.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }

    private static let words = [
        "start", "silence", "taken", "handled", "reply", "#2", ".undo", "deadline", "nothing", "cancel-order", "ticket",
        "-1", "9223372036854775807", "{", "}", "[", "]", "\"", ",", "null", "attempts", "undo", "do", "order", "skip",
    ]

    private static func damage(_ bytes: inout [UInt8], _ random: inout Random) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: bytes.indices, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...30, using: &random))
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place..<end)
        case 2: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 3: bytes.replaceSubrange(place..<end, with: Array((words.randomElement(using: &random) ?? "").utf8))
        default:
            var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            lines.swapAt(Int.random(in: lines.indices, using: &random), Int.random(in: lines.indices, using: &random))
            bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        }
    }

    private func files(_ folder: String, _ suffix: String) throws -> [SourceFile] {
        try #require(Folder.files(below: sagas + folder, suffix: suffix)).map { try SourceFile.read($0) }
    }

    @Test(.timeLimit(.minutes(2))) func scenarios() throws {
        let library = try SagaLibrary(folder: sagas)
        let definitions = library.sagas.map(\.definition)
        var random = Random(state: 7)
        var (refused, ran) = (0, 0)
        for file in try files("/scenarios", ScenarioFile.suffix) {
            for _ in 0..<30 {
                var bytes = file.bytes
                Self.damage(&bytes, &random)
                do throws(DefinitionError) {
                    let loaded = try ScenarioFile.scenarios(of: SourceFile(path: "s", bytes: bytes), library)
                    // One of them, as running all would only repeat what was not damaged.
                    guard let scenario = loaded.randomElement(using: &random)?.scenario else { continue }
                    // What cannot be run says so; anything else is a defect and would trap.
                    do throws(ScenarioError) { _ = try scenario.run(with: definitions) } catch { continue }
                    ran += 1
                } catch {
                    refused += 1
                    #expect(!error.diagnostics.isEmpty && error.diagnostics.allSatisfy { $0.mark >= .start })
                }
            }
        }
        #expect(refused > 50 && ran > 5, "\(refused) refused, \(ran) ran")
    }

    @Test(.timeLimit(.minutes(2))) func histories() throws {
        let library = try SagaLibrary(folder: sagas)
        var definitions: [String: CompiledDefinition] = [:]
        for saga in library.sagas { definitions[saga.definition.name] = try CompiledDefinition(saga.definition) }
        var random = Random(state: 11)
        var (refused, diverged) = (0, 0)
        for file in try files("/histories", HistoryFile.suffix) {
            for _ in 0..<12 {
                var bytes = file.bytes
                Self.damage(&bytes, &random)
                do throws(DefinitionError) {
                    let history = try HistoryFile.history(of: SourceFile(path: "h", bytes: bytes))
                    guard let definition = definitions[history.definition] else { continue }
                    if history.replay(with: definition) != nil { diverged += 1 }
                } catch {
                    refused += 1
                    #expect(!error.diagnostics.isEmpty)
                }
            }
        }
        #expect(refused > 20 && diverged > 20, "\(refused) refused, \(diverged) diverged")
    }
}
