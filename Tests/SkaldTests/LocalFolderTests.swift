import SagaFile
import Testing

@testable import Skald

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite struct LocalFolderTests {
    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private func mode(of path: String) -> mode_t {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & 0o777 : 0
    }

    @Test func whatSkaldMadeIsErasedWithTheFolder() async throws {
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path + "/skald")
        try folder.make()
        for path in [folder.statePath, folder.passwordsPath, folder.controlPath, folder.logPath(of: "order")] {
            try OutputFile.write("", to: path)
        }
        try OutputFile.makeFolder(folder.path + "/postgres/data")
        #expect(try await folder.erase() == LocalFolder.Rest())
        #expect(!exists(folder.path))
        #expect(try await folder.erase() == nil, "there is nothing to do twice")
    }

    @Test func aFolderThatSkaldDidNotMakeIsRefused() async throws {
        let folder = try TemporaryFolder()
        try folder.write("thesis", "years of work")
        let failure = await #expect(throws: Failure.self) { try await LocalFolder(path: folder.path).erase() }
        #expect(failure?.message == "\(folder.path) is no folder of Skald's; nothing is removed")
        #expect(exists(folder.path + "/thesis"))
        #expect(!exists(folder.path + "/lock"), "not even a lock is written to it")
    }

    @Test func whatElseLiesInTheFolderStays() async throws {
        let parent = try TemporaryFolder()
        try parent.write("thesis", "years of work")
        chmod(parent.path, 0o700)
        let folder = LocalFolder(path: parent.path)
        try folder.make()
        #expect(mode(of: parent.path) == 0o700, "a folder that was there keeps its mode")
        #expect(try await folder.erase() == LocalFolder.Rest(hasFolder: true))
        #expect(Folder.files(below: parent.path, suffix: "") == [parent.path + "/thesis"])
    }

    @Test func whatSomebodyElseKeepsUnderTheSameNamesIsNotTouched() throws {
        let parent = try TemporaryFolder()
        try parent.write("passwords", "of somebody else")
        let failure = #expect(throws: Failure.self) { try LocalFolder(path: parent.path).make() }
        #expect(failure?.message == "\(parent.path)/passwords is there, and not by Skald, which would write to it")
        #expect(Folder.files(below: parent.path, suffix: "") == [parent.path + "/passwords"])
    }

    @Test func theFolderOfAnotherUserStaysTheirs() throws {
        guard geteuid() == 0 else { return }
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path)
        try folder.make()
        chown(folder.markPath, 1, 1)
        rmdir(folder.logsPath)
        let failure = #expect(throws: Failure.self) { try folder.make() }
        #expect(failure?.message == "\(folder.path) belongs to user daemon, and this runs as root")
        #expect(!exists(folder.logsPath), "nothing is written to it")
    }

    @Test func aFolderFromBeforeThereWasAMarkIsKnownByItsState() async throws {
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path + "/skald")
        try folder.make()
        unlink(folder.markPath)
        StateBoard(folder, now: 0, last: nil) { _ in }.enter(.stopped, "")
        try folder.make()
        unlink(folder.markPath)
        #expect(try await folder.erase() == LocalFolder.Rest())
    }

    @Test func whatALinkLeadsToStaysUnlessSkaldMadeTheLink() async throws {
        guard geteuid() == 0 else { return }
        let parent = try TemporaryFolder()
        try parent.write("thesis", "years of work")
        let folder = LocalFolder(path: parent.path + "/skald")
        try folder.make()
        symlink(parent.path, folder.path + "/broker")
        let data = try folder.serverFolder("postgres")
        try OutputFile.makeFolder(data + "/data")
        #expect(try await folder.erase() == LocalFolder.Rest(targets: [parent.path]))
        #expect(exists(parent.path + "/thesis") && !exists(folder.path))
        #expect(!exists(String(data.dropLast("/postgres".count))))
    }

    @Test func dataElsewhereIsFoundAndErasedWhereverTheFolderIsMoved() async throws {
        guard geteuid() == 0 else { return }
        let parent = try TemporaryFolder()
        let old = LocalFolder(path: parent.path + "/old")
        try old.make()
        let data = try old.serverFolder("postgres")
        #expect(data.hasPrefix("/var/tmp/skald-"), "a temporary folder is closed")
        try OutputFile.makeFolder(data)
        let moved = LocalFolder(path: parent.path + "/moved")
        rename(old.path, moved.path)
        #expect(try moved.serverFolder("postgres") == data)
        try old.make()
        #expect(try old.serverFolder("postgres") != data, "whoever comes to the old place begins anew")
        #expect(try await old.erase() == LocalFolder.Rest())
        #expect(exists(data))
        #expect(try await moved.erase() == LocalFolder.Rest())
        #expect(!exists(String(data.dropLast("/postgres".count))))
    }

    @Test func aCopyOfAFolderDoesNotTakeItsData() async throws {
        guard geteuid() == 0 else { return }
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path + "/skald")
        try folder.make()
        let data = try folder.serverFolder("broker")
        try OutputFile.makeFolder(data)
        let copy = LocalFolder(path: parent.path + "/copy")
        _ = try await Subprocess(["cp", "-a", folder.path, copy.path]).run()
        let failure = #expect(throws: Failure.self) { try copy.serverFolder("broker") }
        #expect(failure?.message == "\(copy.path)/broker leads to the data of \(folder.path)/broker")
        #expect(try await copy.erase() == LocalFolder.Rest(targets: [data]))
        #expect(exists(data))
        #expect(try folder.serverFolder("broker") == data)
        #expect(try await folder.erase() == LocalFolder.Rest())
    }

    @Test func dataThatIsThereIsNotLeftBehindWhenTheWayIsClosed() throws {
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path + "/skald")
        try folder.make()
        let data = folder.path + "/postgres"
        try OutputFile.makeFolder(data)
        #expect(try folder.serverFolder("postgres") == data)
        for made in [data, folder.logsPath] { rmdir(made) }
        unlink(folder.markPath)
        rmdir(folder.path)
    }

    @Test func nothingIsErasedWhileASystemHasTheFolder() async throws {
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path + "/skald")
        try folder.make()
        var lock = try FolderLock.take(folder.lockPath)
        #expect(lock != nil)
        let failure = await #expect(throws: Failure.self) { try await folder.erase() }
        #expect(failure?.message == "a system starts or ends in \(folder.path); nothing is removed")
        #expect(exists(folder.logsPath))
        lock = nil
        #expect(try await folder.erase() == LocalFolder.Rest())
    }

    @Test func whatCannotBeRemovedIsTold() async throws {
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path + "/skald")
        try folder.make()
        // A folder where a file is expected: not even root unlinks one.
        unlink(folder.markPath)
        try OutputFile.makeFolder(folder.markPath)
        let failure = await #expect(throws: Failure.self) { try await folder.erase() }
        #expect(failure?.exit == .failed)
        #expect(failure?.message == "cannot remove \(folder.markPath): Is a directory")
        rmdir(folder.markPath)
        rmdir(folder.path)
    }
}
