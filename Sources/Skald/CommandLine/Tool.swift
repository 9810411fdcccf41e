import AMQP
import LocalServers
import Postgres
import SagaFile

/// Runs a command line from its words to its exit code.
struct Tool: Sendable {
    static let version = "0.1.0"

    let commands: [Command]

    init(_ commands: [Command] = CommandTable.commands) {
        self.commands = commands
    }

    /// - Parameters:
    ///   - words: What was typed after `skald`.
    ///   - console: Where everything is written.
    func run(_ words: [String], _ console: Console) async -> ExitCode {
        do {
            switch try CommandLine(commands).read(words) {
            case .version: try console.print("skald \(Self.version)")
            case .help(nil): try console.output.write(Help.overview(of: commands))
            case .help(let command?): try console.output.write(Help.text(of: command))
            case .run(let command, let arguments): return try await command.run(arguments, console)
            }
            return .success
        } catch let failure as Failure {
            console.fail(failure)
            return failure.exit
        } catch let error as DefinitionError {
            FaultReport(error).say(on: console)
            return .badInput
        } catch let error as AMQPError {
            console.fail(Failure(.unavailable, "the broker: \(error.message)", remedy: "skald status shows what runs."))
            return .unavailable
        } catch let error as PostgresError {
            console.fail(Failure(.unavailable, "the database: \(error)", remedy: "skald status shows what runs."))
            return .unavailable
        } catch let error as LocalServerError {
            console.fail(Failure(.unavailable, "\(error)"))
            return .unavailable
        } catch is CancellationError {
            return .interrupted
        } catch is OutputClosed {
            return .outputClosed
        } catch {
            console.fail(
                Failure(.bug, "\(error)", remedy: "This should not happen; please report it with the command line."))
            return .bug
        }
    }
}
