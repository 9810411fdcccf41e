import Telemetry
import Testing

@Suite struct MetricsTests {
    private let registry = MetricRegistry()

    @Test func everyKindIsRenderedAsPrometheusReadsIt() {
        registry.counter(MetricDescription("a_total", help: "Line one.\nA \\ B", labels: ["queue"]))
            .with("x\"y\\z\n").add(3)
        registry.gauge(MetricDescription("b", help: "B.")).with().set(0.5)
        let histogram = registry.histogram(MetricDescription("c_seconds", help: "C.", labels: ["q"]), bounds: [0.5, 1])
        histogram.with("k").observe(0.5)
        histogram.with("k").observe(.milliseconds(750))
        histogram.with("k").observe(20)
        registry.reading(MetricDescription("d", help: "D.")) { .infinity }
        #expect(
            PrometheusText.render(registry) == #"""
                # HELP a_total Line one.\nA \\ B
                # TYPE a_total counter
                a_total{queue="x\"y\\z\n"} 3
                # HELP b B.
                # TYPE b gauge
                b 0.5
                # HELP c_seconds C.
                # TYPE c_seconds histogram
                c_seconds_bucket{q="k",le="0.5"} 1
                c_seconds_bucket{q="k",le="1"} 2
                c_seconds_bucket{q="k",le="+Inf"} 3
                c_seconds_sum{q="k"} 21.25
                c_seconds_count{q="k"} 3
                # HELP d D.
                # TYPE d gauge
                d +Inf

                """#)
    }

    @Test func nothingIsLostWhenManyTasksCount() async {
        let counter = registry.counter(MetricDescription("n_total", help: "N.")).with()
        let gauge = registry.gauge(MetricDescription("g", help: "G.")).with()
        let histogram = registry.histogram(MetricDescription("h", help: "H."), bounds: [1]).with()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.add()
                        gauge.add(0.5)
                        histogram.observe(2)
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(gauge.value == 4000)
        #expect(histogram.reading.counts == [0, 8000])
        #expect(histogram.reading.sum == 16000)
    }

    @Test func theSameNameGivesTheSameMetric() {
        let description = MetricDescription("shared_total", help: "S.", labels: ["queue"])
        registry.counter(description).with("a").add()
        registry.counter(description).with("a").add()
        #expect(registry.counter(description).with("a").value == 2)
    }

    @Test func labelsFromOutsideCannotEatTheMemory() {
        let family = MetricFamily(MetricDescription("e_total", help: "E.", labels: ["type"]), seriesCountMax: 3) {
            Counter()
        }
        for number in 0..<100 { family.with("t\(number)").add() }
        #expect(family.all.map(\.labelValues) == [["other"], ["t0"], ["t1"], ["t2"]])
        #expect(family.with("other").value == 97)
    }

    @Test func aNaNIsNotCounted() {
        let histogram = Histogram(bounds: [1])
        histogram.observe(.nan)
        #expect(histogram.reading.count == 0)
    }

    @Test func theProcessTellsOfItself() {
        registry.addProcess(service: "kitchen", version: "1.2", startedAtMilliseconds: 1500)
        let text = PrometheusText.render(registry)
        #expect(text.contains("app_build_info{service=\"kitchen\",version=\"1.2\"} 1\n"))
        #expect(text.contains("process_start_time_seconds 1.5\n"))
        #expect(text.contains("# TYPE process_cpu_seconds_total counter\n"))
    }
}
