import DRKit
import GlusterFiles
import Testing

@testable import GlusterCLI

@Suite("Nonces on every subvolume")
struct NonceTests {
  /// Measured on 10.3 (Tests/Lab/README.md b), and the older form with a translator around a single brick.
  private static let texts: [(String, [String], [Int])] = [
    ("<POSIX(/mnt/bricks/data):a1:/mnt/bricks/data/x1>", ["a1:/mnt/bricks/data"], []),
    (
      "(<DISTRIBUTE:data-dht> <POSIX(/mnt/bricks/data-2):a1:/mnt/bricks/data-2/.drkit/f1>)",
      ["a1:/mnt/bricks/data-2"], []
    ),
    (
      "(<REPLICATE:data-replicate-0> <POSIX(/mnt/bricks/data):a2:/mnt/bricks/data/.drkit/f1> "
        + "<POSIX(/mnt/bricks/data):a3:/mnt/bricks/data/.drkit/f1> "
        + "<POSIX(/mnt/bricks/data):a1:/mnt/bricks/data/.drkit/f1>)",
      ["a2:/mnt/bricks/data", "a3:/mnt/bricks/data", "a1:/mnt/bricks/data"], [0]
    ),
    (
      "(<DISTRIBUTE:dr6-dht> (<REPLICATE:dr6-replicate-1> <POSIX(/mnt/bricks/x2):a3:/mnt/bricks/x2/f1> "
        + "<POSIX(/mnt/bricks/x2):a1:/mnt/bricks/x2/f1>))",
      ["a3:/mnt/bricks/x2", "a1:/mnt/bricks/x2"], [1]
    ),
    // Host names, addresses, and awkward paths.
    ("<POSIX(/b (1)):fd00::1:/b (1)/f>", ["fd00::1:/b (1)"], []),
    ("<POSIX(/b):n1.example.org:/b/a:/b/f>", ["n1.example.org:/b"], []),
  ]

  @Test(arguments: texts.indices)
  func pathinfoNamesItsBricks(_ index: Int) throws {
    let (text, bricks, subvolumes) = Self.texts[index]
    let read = try Pathinfo(text)
    #expect(read.bricks.map(\.description) == bricks)
    #expect(read.subvolumes == subvolumes)
  }

  @Test(arguments: ["", "garbage", "<POSIX(/b:a1:/b/f>", "(<DISTRIBUTE:data-dht> )", "<POSIX(/b):a1:/c/f>"])
  func aTextWithoutABrickIsRefused(_ text: String) {
    let error = #expect(throws: DRError.self) { try Pathinfo(text) }
    #expect(error?.kind == .malformed)
  }

  private func bricks(_ texts: [[String]]) -> [[BrickName]] {
    texts.map { set in
      set.map { text in
        let parts = text.split(separator: ":", maxSplits: 1)
        return BrickName(node: String(parts[0]), path: String(parts[1]))
      }
    }
  }

  @Test("The subvolume is found even when hosts call themselves otherwise than the bricks")
  func subvolumes() throws {
    func find(_ text: String, _ subvolumes: [[String]]) throws -> Int {
      try Pathinfo(text).subvolume(of: bricks(subvolumes))
    }
    #expect(try find("<POSIX(/b):a2:/b/f>", [["a1:/b"], ["a2:/b"]]) == 1)
    // By a path that only one has.
    #expect(try find("<POSIX(/b2):node-x:/b2/f>", [["10.0.0.1:/b1"], ["10.0.0.1:/b2"]]) == 1)
    // By the translator's number.
    let numbered = "(<REPLICATE:v-replicate-1> <POSIX(/b):x:/b/f> <POSIX(/b):y:/b/f>)"
    #expect(try find(numbered, [["1.1.1.1:/b", "1.1.1.2:/b"], ["1.1.1.3:/b", "1.1.1.4:/b"]]) == 1)
    // By the first label.
    #expect(
      try find("<POSIX(/b):a2.storage.lan:/b/f>", [["a1.example.org:/b"], ["a2.example.org:/b"]]) == 1)
    let lost = #expect(throws: DRError.self) { try find("<POSIX(/b):z:/b/f>", [["a1:/b"], ["a2:/b"]]) }
    #expect(lost?.remedy.isEmpty == false)
    #expect(throws: DRError.self) { try find("<POSIX(/c):a1:/c/f>", [["a1:/b"], ["a2:/b"]]) }
  }

  /// Files whose place depends on their name.
  private final class Files: NonceFiles {
    var content: [String: [UInt8]] = [:]
    var touched: [String] = []
    let place: (Int) -> Int
    init(_ place: @escaping (Int) -> Int) { self.place = place }

    func names(in directory: VolumePath) throws(DRError) -> [String] {
      content.keys.map { String($0.split(separator: "/").last ?? "") }
    }
    func touch(_ path: VolumePath) throws(DRError) {
      touched.append(path.text)
      content[path.text] = content[path.text] ?? []
    }
    func remove(_ path: VolumePath) throws(DRError) { content[path.text] = nil }
    func overwrite(_ path: VolumePath, with bytes: [UInt8]) throws(DRError) { content[path.text] = bytes }
    func pathinfo(_ path: VolumePath) throws(DRError) -> String? {
      guard content[path.text] != nil else { return nil }
      let number = Int(path.name.dropFirst("nonce-".count)) ?? 0
      return "(<DISTRIBUTE:v-dht> <POSIX(/b\(place(number))):a1:/b\(place(number))/\(path.text)>)"
    }
  }

  private func placement(_ files: Files, _ count: Int) throws -> NoncePlacement<Files> {
    NoncePlacement(
      files: files, subvolumes: (0..<count).map { [BrickName(node: "a1", path: "/b\($0)")] },
      directory: try VolumePath(directory: ".drkit/nonces"))
  }

  @Test("Each subvolume gets one file; names that landed twice are taken away; later rounds use the same")
  func placed() throws {
    // 0, 0, 0, 1, 1, 1, 2, …: the third subvolume is reached late.
    let files = Files { min($0 / 3, 2) }
    let first = try placement(files, 3).write([1])
    #expect(first.map(\.subvolume) == [0, 1, 2])
    #expect(first.map(\.path) == [0, 3, 6].map { ".drkit/nonces/nonce-\($0)" })
    #expect(files.content.count == 3)
    #expect(files.content.values.allSatisfy { $0 == [1] })
    let tries = files.touched.count
    files.content[".drkit/nonces/README"] = [9]
    #expect(try placement(files, 3).write([2, 2]) == first)
    #expect(files.touched.count == tries)
    #expect(first.allSatisfy { files.content[$0.path] == [2, 2] })
    #expect(files.content[".drkit/nonces/README"] == [9])
  }

  @Test func aSubvolumeThatNoNameReachesIsUnfit() throws {
    let error = #expect(throws: DRError.self) { try placement(Files { _ in 0 }, 2).write([1]) }
    #expect(error?.kind == .unfit)
    #expect(error?.reason.contains("a1:/b1") == true)
  }

  @Test("Overwriting keeps to the file itself, shorter or longer")
  func overwriting() async throws {
    try await withDirectory { directory in
      let files = VolumeFiles(handle: try DirectoryHandle(path: directory))
      let path = try VolumePath("d/nonce-0")
      for text in ["four", "longer text", "x", ""] {
        try files.overwrite(path, with: Array(text.utf8))
        #expect(try files.read(path) == Array(text.utf8))
      }
    }
  }
}
