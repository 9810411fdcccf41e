/// The broker's own form of a topology: `definitions.json`, as `rabbitmqctl import_definitions` takes it.
extension Topology {
    /// The definitions file.
    public func definitions() throws(JSONError) -> [UInt8] {
        try JSON.encode(DefinitionsFile(self), layout: .indented, limits: .file)
    }

    /// Reads a definitions file, such as `rabbitmqctl export_definitions` writes; other virtual hosts are left out.
    public init(definitions bytes: [UInt8], virtualHost: String = "/") throws(JSONError) {
        let file = try JSON.decode(DefinitionsFile.self, from: bytes, limits: .file)
        self = file.topology(virtualHost: virtualHost)
    }
}

extension JSON.Limits {
    /// A file an administrator hands over: 16 MiB.
    static let file = JSON.Limits(byteCountMax: 16 << 20, depthMax: 64)
}
