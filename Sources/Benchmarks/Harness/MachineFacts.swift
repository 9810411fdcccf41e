import Glibc

/// The machine a result was measured on, read before the measuring starts.
struct MachineFacts: Sendable {
    enum Value: Sendable {
        case number(Double)
        case text(String)

        var text: String {
            switch self {
            case .number(let number): number.shortText
            case .text(let text): text
            }
        }
    }

    let facts: [(name: String, value: Value)]

    #if DEBUG
        static let build = "debug"
    #else
        static let build = "release"
    #endif

    static func read() -> MachineFacts {
        var load = [0.0]
        getloadavg(&load, 1)
        let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
        return MachineFacts(
            facts: [
                ("cores", .number(Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
                ("cpu_model", .text(processorModel())),
                ("memory_mib", .number((memory / 1_048_576).rounded())),
                ("kernel", .text(kernelRelease())),
                ("load_average_1m", .number(load[0])),
                ("build", .text(build)),
            ])
    }

    private static func processorModel() -> String {
        let line = ProcFile.read("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
        guard let model = line?.split(separator: ":").last else { return "unknown" }
        return String(model.drop { $0 == " " })
    }

    private static func kernelRelease() -> String {
        let text = ProcFile.read("/proc/sys/kernel/osrelease")
        return text.isEmpty ? "unknown" : String(text.prefix { $0 != "\n" })
    }
}
