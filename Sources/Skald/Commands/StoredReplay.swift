import Messaging
import Orchestration
import Postgres
import SagaFile
import SagaModel

/// Replays what an orchestrator has stored, a part at a time, so that any number fits into memory.
struct StoredReplay {
    private let configuration: PostgresConfiguration
    private let library: SagaLibrary
    private let isForced: Bool
    private let asJSON: Bool

    private static let partCount = 1000

    /// - Parameter url: of the orchestrator's database; `here` stands for what runs in the folder.
    init(_ url: String, _ arguments: Arguments) throws {
        guard arguments.operands.isEmpty else {
            throw Failure(.usage, "`--from` takes the histories of a database, not of \(arguments.operands[0])")
        }
        configuration =
            url == "here"
            ? try Surroundings().database(of: TopologyNames.orchestrator) : try DatabaseAddress(url: url).configuration
        library = try DefinitionSource(arguments).library()
        isForced = arguments.has("definition")
        asJSON = arguments.has("json")
    }

    func run(_ console: Console) async throws -> ExitCode {
        let began = console.now()
        let pool = PostgresPool(configuration)
        defer { pool.close() }
        let parts = StoredParts(library, isForced: isForced, partCount: Self.partCount)
        try await SagaStore(pool).forEachHistory { id, history in try parts.take("\(id)", history) }
        let replay = try parts.finished()
        if asJSON {
            try console.print(CanonicalJSON.text(of: replay.value))
        } else {
            try replay.tell(console)
            let elapsed = console.now() - began
            console.say("\(parts.count.grouped) stored histories replayed in \(elapsed.words)")
        }
        try replay.checkOthers(library, isForced: isForced)
        return replay.divergences.isEmpty ? .success : .failed
    }
}

/// Gathers histories into parts and forgets those that replay well, but for their number.
private final class StoredParts {
    private let library: SagaLibrary
    private let isForced: Bool
    private let partCount: Int
    private var waiting: [(path: String, history: History)] = []
    private var whole = Replay()
    private(set) var count = 0

    init(_ library: SagaLibrary, isForced: Bool, partCount: Int) {
        self.library = library
        self.isForced = isForced
        self.partCount = partCount
    }

    func take(_ name: String, _ history: History) throws {
        waiting.append((name, history))
        count += 1
        if waiting.count >= partCount { try replayWaiting() }
    }

    func finished() throws -> Replay {
        try replayWaiting()
        return whole
    }

    private func replayWaiting() throws {
        whole.add(try Replay(waiting, library, isForced: isForced))
        waiting = []
    }
}
