import SagaFile
import SagaModel
import Testing

/// The small sound files that the broken ones are made from.
enum Base {
    static let folder = Repository.tests + "/Broken"

    static func text(_ name: String) throws -> String {
        String(decoding: try SourceFile.read(folder + "/" + name).bytes, as: UTF8.self)
    }

    static let names = ["base.saga.yaml", "shop.participant.yaml", "bank.participant.yaml"]

    /// Loads the base files with one of them replaced.
    static func load(replacing name: String = "", with bytes: [UInt8] = []) throws -> SagaLibrary {
        var files: [SourceFile] = []
        for known in names {
            let own = known == name ? bytes : try SourceFile.read(folder + "/" + known).bytes
            files.append(SourceFile(path: known, bytes: own))
        }
        return try SagaLibrary(participants: Array(files[1...]), sagas: [files[0]])
    }
}
