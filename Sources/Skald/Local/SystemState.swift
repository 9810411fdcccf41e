import LocalServers
import Messaging
import SagaFile

/// What a running system tells other commands, as a file in its folder.
struct SystemState: Sendable, Codable, Hashable {
    enum Phase: String, Sendable, Codable {
        case starting
        case ready
        case stopping
        case stopped
        case failed
    }

    struct Broker: Sendable, Codable, Hashable {
        var hosts: [String]
        var virtualHost: String
        var isSecure: Bool
        /// Whether it was started with the system and ends with it.
        var isPrivate: Bool
    }

    struct Database: Sendable, Codable, Hashable {
        var host: String
        var port: Int
        /// How to encrypt, where it is not left to the server: parameters of its URL.
        var tls: [String: String]?
        var isPrivate: Bool
    }

    /// Where private servers listen: the next ones do there, too, so that what people wrote down stays true.
    struct Ports: Sendable, Codable, Hashable {
        var broker: UInt16?
        var database: UInt16?
    }

    var phase: Phase
    /// What is being done, or why it failed.
    var note: String
    var supervisor: ProcessIdentity?
    /// Milliseconds since 1970.
    var since: Int64
    var broker: Broker?
    var database: Database?
    var services: [ServiceState]
    /// Those of the runs before this one, in which servers may not come to run.
    var lastPorts: Ports?

    /// One service and its process.
    struct ServiceState: Sendable, Codable, Hashable {
        enum Condition: String, Sendable, Codable {
            case waiting
            case starting
            case ready
            /// Runs, and does not work: the note says why.
            case unready
            /// Ended and will be started again.
            case restarting
            case stopped
        }

        var name: String
        var condition: Condition
        var note: String
        var processID: Int32?
        var restartCount: Int
        var log: String
        /// What people were told about how it ended; nil once it works.
        var trouble: Trouble?
    }

    /// Why a service keeps ending.
    struct Trouble: Sendable, Codable, Hashable {
        /// How it ended and what it said last.
        var words: String
        /// Whether it says that its configuration cannot work: only a change of that helps.
        var isConfiguration: Bool
    }

    /// Where private servers listened last.
    var ports: Ports {
        let host = broker.flatMap { $0.isPrivate ? $0.hosts.first : nil }
        let number = database.flatMap { $0.isPrivate ? UInt16(exactly: $0.port) : nil }
        return Ports(
            broker: host.flatMap { $0.split(separator: ":").last }.flatMap { UInt16($0) } ?? lastPorts?.broker,
            database: number ?? lastPorts?.database)
    }

    /// Whether the process that wrote it is there.
    var isRunning: Bool { supervisor?.isAlive ?? false }

    /// What the folder says; nil where nothing ever ran.
    static func read(_ folder: LocalFolder) throws -> SystemState? {
        guard let file = try? SourceFile.read(folder.statePath) else { return nil }
        do {
            return try JSON.decode(SystemState.self, from: file.bytes)
        } catch {
            throw Failure(.unavailable, "\(folder.statePath) cannot be read: \(error)", remedy: "Remove it.")
        }
    }

    /// What runs in the folder.
    ///
    /// - Throws: where nothing does.
    static func running(_ folder: LocalFolder) throws -> SystemState {
        let state = try read(folder)
        guard let state, state.isRunning else {
            let why = state?.failure.map { "; the system ended by itself: \($0)" } ?? ""
            throw Failure(.unavailable, "nothing runs here" + why, remedy: "Start it: skald up --detach")
        }
        return state
    }

    /// Why it ended without being asked to; nil where it did not.
    var failure: String? { phase == .failed && !note.isEmpty ? note : nil }
}
