import Glibc
import Testing

@testable import LocalServers

@Suite struct PostgresTemplateTests {
    /// A cache, and a folder for a copy, of the servers' user.
    private final class Place {
        let installation: PostgresInstallation
        let folder: ServerFolder
        private let watchdog: Watchdog
        var cache: String { folder.path(of: "cache") }
        var data: String { folder.path(of: "data") }

        init() throws {
            installation = try PostgresInstallation.find()
            watchdog = try Watchdog()
            folder = try ServerFolder.temporary("template", for: installation.account, removedBy: watchdog)
        }

        func copy() throws {
            try PostgresTemplate(installation: installation, cache: cache).copy(to: data, isDurable: true)
        }

        deinit { watchdog.end() }
    }

    @Test func whatAnInterruptedCopyLeftIsNoPartOfTheNext() throws {
        let place = try Place()
        try place.folder.makeFolder("data.new")
        try place.folder.write("data.new/half", "a copy that found no space")
        try place.copy()
        #expect(access("\(place.data)/PG_VERSION", F_OK) == 0)
        #expect(access("\(place.data)/half", F_OK) != 0 && access("\(place.data).new", F_OK) != 0)
    }

    @Test func aCopyIsNotPutIntoAFolderThatHoldsSomething() throws {
        let place = try Place()
        try place.folder.makeFolder("data")
        try place.folder.write("data/half", "of an earlier one")
        #expect(throws: LocalServerError.self) { try place.copy() }
        #expect(namesInFolder(place.data) == ["half"])
        #expect(access("\(place.data).new", F_OK) != 0)
    }

    @Test func aTemplateThatIsNotWholeIsMadeAgain() throws {
        let place = try Place()
        try place.copy()
        let template = try #require(namesInFolder(place.cache).first)
        unlink("\(place.cache)/\(template)/PG_VERSION")
        try removeFolder(at: place.data)
        try place.copy()
        #expect(access("\(place.data)/PG_VERSION", F_OK) == 0)
        #expect(namesInFolder(place.cache) == [template])
    }

    private func removeFolder(at path: String) throws { _ = try Command(["rm", "-rf", "--", path]).output() }
}
