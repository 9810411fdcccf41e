package import SagaModel

/// Everything that a set of files defines: the participants and the sagas that speak to them.
package struct SagaLibrary: Sendable {
    package let participants: [Participant]
    /// By name, then by version.
    package let sagas: [LoadedSaga]

    /// Reads the files together, as sagas name what participants declare.
    ///
    /// - Throws: `DefinitionError` with the faults of all files.
    package init(participants participantFiles: [SourceFile], sagas sagaFiles: [SourceFile]) throws(DefinitionError) {
        let shelf = ParticipantShelf(participantFiles)
        var loader = SagaLoader(shelf: shelf)
        let sagas = sagaFiles.compactMap { loader.load($0) }
        let faults = shelf.faults + loader.faults + VersionLint.faults(of: sagas)
        if !faults.isEmpty { throw DefinitionError(faults) }
        participants = shelf.participants.values.sorted { $0.name < $1.name }
        self.sagas = sagas.sorted {
            ($0.definition.name, $0.definition.version) < ($1.definition.name, $1.definition.version)
        }
    }

    /// Reads the files `*.saga.yaml` of a folder, and the participants below it.
    package init(folder: String) throws(DefinitionError) {
        guard let paths = Folder.files(below: folder, suffix: Self.sagaSuffix, depthMax: 0) else {
            throw DefinitionError([
                Diagnostic(
                    file: folder, mark: .start, code: .fileUnreadable, message: "there is no such folder",
                    hint: "Name another, or go to where it stands.")
            ])
        }
        try self.init(sagas: paths, participantFolders: [folder + "/participants"])
    }

    /// Reads saga files, and the participants that stand in a folder `participants` beside each.
    package init(sagaFiles paths: [String]) throws(DefinitionError) {
        var folders: [String] = []
        for path in paths {
            let folder =
                path.contains("/") ? path.split(separator: "/", omittingEmptySubsequences: false).dropLast() : ["."]
            let beside = folder.joined(separator: "/") + "/participants"
            if !folders.contains(beside) { folders.append(beside) }
        }
        try self.init(sagas: paths, participantFolders: folders)
    }

    /// The end of a saga file's name.
    package static let sagaSuffix = ".saga.yaml"
    /// The end of a participant file's name.
    package static let participantSuffix = ".participant.yaml"

    private init(sagas paths: [String], participantFolders: [String]) throws(DefinitionError) {
        let participants = participantFolders.flatMap {
            Folder.files(below: $0, suffix: Self.participantSuffix, depthMax: 0) ?? []
        }
        var faults: [Diagnostic] = []
        func read(_ paths: [String]) -> [SourceFile] {
            paths.compactMap { path in
                do throws(DefinitionError) {
                    return try SourceFile.read(path)
                } catch {
                    faults += error.diagnostics
                    return nil
                }
            }
        }
        let (sagaFiles, participantFiles) = (read(paths), read(participants))
        if !faults.isEmpty { throw DefinitionError(faults) }
        do throws(DefinitionError) {
            try self.init(participants: participantFiles, sagas: sagaFiles)
        } catch {
            guard participantFiles.isEmpty, error.diagnostics.contains(where: { $0.code == .unknownParticipant }) else {
                throw error
            }
            throw Self.missingParticipants(of: sagaFiles[0], in: participantFolders)
        }
    }

    /// Said once, in place of a fault for every command of every step.
    private static func missingParticipants(of saga: SourceFile, in folders: [String]) -> DefinitionError {
        DefinitionError([
            Diagnostic(
                file: saga.path, mark: .start, code: .unknownParticipant,
                message: "no participants are declared: there is no file *\(participantSuffix) in "
                    + folders.joined(separator: ", "),
                hint: "Put a file for each participant there: its commands, replies and states.")
        ])
    }

    /// Finds a saga by its name and version; without a version the newest.
    package func saga(named name: String, version: Int? = nil) -> LoadedSaga? {
        sagas.last { $0.definition.name == name && (version == nil || $0.definition.version == version) }
    }
}

/// A saga and the file it came from.
package struct LoadedSaga: Sendable {
    package let path: String
    package let definition: Definition
    package let canonical: CanonicalDefinition
    /// The places of the file's parts, to point at them later.
    let root: Node
    let draft: SagaDraft

    /// Where a step stands in the file; the file's beginning for a step it does not have.
    package func mark(ofStep id: String) -> Mark {
        draft.steps.first { $0.id.value == id }?.id.mark ?? .start
    }

    /// Where an outcome stands in the file; the file's beginning for one it does not have.
    package func mark(ofOutcome name: String) -> Mark {
        draft.outcomes.first { $0.name.value == name }?.name.mark ?? .start
    }

    /// Reads a definition back from its canonical form, as the orchestrator's store holds it.
    ///
    /// - Throws: `DefinitionError`, also when the text is not the canonical form of what it says.
    package static func canonical(_ json: String, name: String = "canonical") throws(DefinitionError) -> LoadedSaga {
        var loader = SagaLoader(shelf: ParticipantShelf([]), dialect: .canonical)
        guard let saga = loader.load(SourceFile(path: name, text: json)) else { throw DefinitionError(loader.faults) }
        return saga
    }
}
