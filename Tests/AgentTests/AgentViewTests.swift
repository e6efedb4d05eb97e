import DRKit
import Testing

@testable import GlusterCLI

@Suite("A view whose content an agent digests")
struct AgentViewTests {
  @Test("reads a part of a file of any size through its mount; the whole of a large one is refused")
  func parts() async throws {
    try await withDirectory { directory in
      let bytes = pattern((2 << 20) + 5)
      try write(bytes, "\(directory)/large")
      let runner = FakeRunner(.success(CommandResult(.exited(1))))
      let view = AgentView(
        mount: try GlusterVolumeView(directory: directory),
        agent: AgentDigest(runner: runner, server: "b1", volume: "data-dr"))
      for (offset, count) in [(0, 7), ((1 << 20) - 2, 4), (bytes.count - 3, 10), (bytes.count, 1)] {
        let part = try await view.read("large", at: Int64(offset), count: count)
        #expect(part == Array(bytes.dropFirst(offset).prefix(count)))
      }
      #expect(try await view.read("none", at: 0, count: 1) == nil)
      #expect(await kind { () async throws(DRError) in try await view.read("large") } == .refused)
      await view.close()
    }
  }
}
