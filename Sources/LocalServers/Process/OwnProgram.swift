import Glibc

/// Where this program lies, and what was built beside it.
package enum OwnProgram {
    /// The path of the file that runs.
    package static let path: String = {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }()

    package static let folder = path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }

    /// A program in the same folder: a build puts programs and the bundle of tests side by side.
    package static func neighbour(_ name: String) -> String { "\(folder)/\(name)" }
}
