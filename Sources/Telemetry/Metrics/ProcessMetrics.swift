#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension MetricRegistry {
    /// Adds what the process knows of itself without reading a file: processor time, peak memory, start time, build.
    package func addProcess(
        service: String, version: String, startedAtMilliseconds: Int64 = Logger.wallClockMilliseconds()
    ) {
        gauge(MetricCatalogue.buildInformation).with(service, version).set(1)
        reading(
            MetricDescription("process_cpu_seconds_total", help: "User and system time spent."), kind: .counter
        ) {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        reading(
            MetricDescription("process_peak_resident_memory_bytes", help: "The most memory ever resident.")
        ) {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Double(usage.ru_maxrss) * 1024
        }
        reading(
            MetricDescription("process_start_time_seconds", help: "When the process started, since 1970.")
        ) { Double(startedAtMilliseconds) / 1000 }
    }
}
