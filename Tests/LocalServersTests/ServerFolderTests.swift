import Glibc
import Testing

@testable import LocalServers

@Suite struct ServerFolderTests {
    private let path = "/tmp/skald-kept-\(ServerFolder.randomName())"

    private func owner() -> uid_t {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_uid : uid_t.max
    }

    @Test func aFolderOfAnotherUserIsRefusedAndStaysTheirs() throws {
        guard geteuid() == 0, let account = Account.server(packageUser: "postgres") else { return }
        try #require(mkdir(path, 0o777) == 0)
        defer { removeFolder(path) }
        chmod(path, 0o777)
        chown(path, 1, 1)
        let error = #expect(throws: LocalServerError.self) { try ServerFolder.kept(at: path, for: account) }
        #expect(error?.problem == "\(path) belongs to user daemon, and the server would run as postgres")
        #expect(owner() == 1)
    }

    @Test func anEmptyFolderOfTheCallersOwnIsTheAccounts() throws {
        guard geteuid() == 0, let account = Account.server(packageUser: "postgres") else { return }
        try #require(mkdir(path, 0o700) == 0)
        defer { removeFolder(path) }
        _ = try ServerFolder.kept(at: path, for: account)
        #expect(owner() == account.uid)
    }
}
