import LocalServers
import Messaging
import Testing

/// The operators' tool, held against this town.
extension Town {
    /// Runs the built tool to its end.
    func skald(_ words: String...) async throws -> ToolRun {
        try await keeper.skald(words)
    }

    func expectCleanAudit(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let audit = try await skald("audit", "--settle", "30")
        #expect(audit.exit == "exit status 0", "\(audit.output)", sourceLocation: sourceLocation)
        #expect(audit.output.contains("audit clean"), "\(audit.output)", sourceLocation: sourceLocation)
    }
}
