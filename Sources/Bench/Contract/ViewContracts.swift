import DRKit

/// Views: the same for both volumes.
extension ContractSuite {
  var primaryContent: ContractVolume {
    let volume = ports.primary
    return ContractVolume(name: "primary", directory: "\(DomainLayout.nonces)/contract-\(id)") {
      () async throws(DRError) in try await volume.view()
    }
  }

  /// In a directory that the primary does not have: made at both sides it would be two.
  var secondaryContent: ContractVolume {
    let volume = ports.secondary
    return ContractVolume(name: "secondary", directory: "\(DomainLayout.points)/contract-\(id)") {
      () async throws(DRError) in try await volume.view()
    }
  }

  func nonces(_ book: inout ContractBook) async throws(DRError) {
    let geometry = try await ports.georep.primaryGeometry()
    let directory = "\(primaryContent.directory)/nonces"
    var written: [[Nonce]] = []
    var right = 0
    for content in ["the first", "the second, longer", "3"].map({ Array($0.utf8) }) {
      let nonces = try await again { () async throws(DRError) in
        try await ports.primary.writeNonces(content, under: directory)
      }
      written.append(nonces)
      right += try await look(primaryContent) { (view) async throws(DRError) -> Int in
        var right = 0
        for nonce in nonces where try await view.read(nonce.path) == content { right += 1 }
        return right
      }
    }
    let count = geometry.subvolumes.count
    book.judge(
      .nonceOnEachSubvolume,
      written.allSatisfy { $0.map(\.subvolume).sorted() == Array(0..<count) } && right == 3 * count,
      "\(written[0].count) for \(count) subvolume(s), \(right) of \(3 * count) read back")
    book.judge(
      .nonceRewritten, Set(written).count == 1 && Set(written[0].map(\.path)).count == count,
      "\(Set(written.joined().map(\.path)).count) file(s) in 3 writings")
  }

  func secondaryViews(_ book: inout ContractBook) async throws(DRError) {
    let wasReadOnly = try await ports.cluster.geometry().isReadOnly
    try await again { () async throws(DRError) in try await ports.cluster.setReadOnly(false) }
    let result: Result<Void, DRError>
    do throws(DRError) {
      result = .success(try await views(of: secondaryContent, &book))
    } catch { result = .failure(error) }
    try await again { () async throws(DRError) in try await ports.cluster.setReadOnly(wasReadOnly) }
    try result.get()
  }

  func views(of volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    try await missing(volume, &book)
    try await small(volume, &book)
    try await parts(volume, &book)
    try await others(volume, &book)
    try await replacing(volume, &book)
    try await digesting(volume, &book)
    try await removing(volume, &book)
    let view = try await volume.view()
    let space = try await view.space()
    book.judge(
      .space, space.total > 0 && space.available >= 0 && space.available <= space.total,
      "\(volume.name): \(space.available) of \(space.total)")
    await view.close()
    let closed = await error { () async throws(DRError) in try await view.read("\(volume.directory)/x") }
    await view.close()
    book.judge(.closedView, closed?.kind == .unfit, "\(volume.name): \(kind(closed))")
  }

  private func missing(_ volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    let path = "\(volume.directory)/no/such-file"
    let found = try await look(volume) { (view) async throws(DRError) -> [String] in
      var found: [String] = []
      if try await view.read(path) != nil { found.append("read") }
      if try await view.read(path, at: 0, count: 10) != nil { found.append("read a part") }
      if try await view.list(path) != nil { found.append("list") }
      if try await view.size(of: path) != nil { found.append("size") }
      if try await view.digest(of: path) != nil { found.append("digest") }
      if try await view.digests(of: path, DigestPlan(block: 4 << 20)) != nil { found.append("digests") }
      try await view.remove(path)
      return found
    }
    book.judge(
      .missingIsNil, found.isEmpty,
      "\(volume.name): \(found.isEmpty ? "nil" : "something by \(found.joined(separator: ", "))")")
  }

  /// Bytes that differ from place to place.
  static func bytes(_ count: Int, _ seed: UInt8) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) ^ seed }
  }

  private func small(_ volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    let directory = "\(volume.directory)/new/and/deep"
    let contents = [Self.bytes(70_000, 1), Self.bytes(12, 2), Self.bytes(70_000, 3)]
    let right = try await look(volume) { (view) async throws(DRError) -> Int in
      var right = 0
      for content in contents {
        try await again { () async throws(DRError) in try await view.replace("\(directory)/f", with: content)
        }
        let size = try await view.size(of: "\(directory)/f")
        if try await view.read("\(directory)/f") == content, size == Int64(content.count) { right += 1 }
      }
      return right
    }
    let names = try await look(volume) { (view) async throws(DRError) in try await view.list(directory) }
    book.judge(
      .replaceReadsBack, right == contents.count && names == ["f"],
      "\(volume.name): \(right) of \(contents.count) equal, names \(names ?? [])")
    let path = "\(volume.directory)/empty"
    let seen = try await look(volume) { (view) async throws(DRError) -> [Bool] in
      try await again { () async throws(DRError) in try await view.replace(path, with: []) }
      let digest = try await view.digest(of: path)
      let blocks = try await view.digests(of: path, DigestPlan(block: 4 << 20))
      return [
        try await view.read(path) == [], try await view.size(of: path) == 0, digest?.size == 0,
        blocks?.size == 0 && blocks?.blocks.isEmpty == true,
        try await view.read(path, at: 0, count: 8) == [],
      ]
    }
    book.judge(.emptyFile, seen.allSatisfy { $0 }, "\(volume.name): \(seen)")
  }

  private func parts(_ volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    let content = Self.bytes(100_000, 7)
    let path = "\(volume.directory)/parts"
    let seen = try await look(volume) { (view) async throws(DRError) -> [Bool] in
      try await again { () async throws(DRError) in try await view.replace(path, with: content) }
      var seen: [Bool] = []
      for (offset, count) in [
        (0, 10), (65_530, 20), (99_990, 10), (99_990, 100), (100_000, 10), (500_000, 1),
      ] {
        let wanted = Array(content.dropFirst(offset).prefix(count))
        seen.append(try await view.read(path, at: Int64(offset), count: count) == wanted)
      }
      return seen
    }
    book.judge(.partsOfAFile, seen.allSatisfy { $0 }, "\(volume.name): \(seen)")
    let large = [UInt8](repeating: 9, count: 1 << 20) + [7]
    let name = "\(volume.directory)/large"
    let (whole, end) = try await look(volume) { (view) async throws(DRError) in
      try await again { () async throws(DRError) in try await view.replace(name, with: large) }
      let whole = await error { () async throws(DRError) in try await view.read(name) }
      return (whole, try await view.read(name, at: (1 << 20) - 1, count: 10))
    }
    book.judge(
      .largeFile, whole?.kind == .refused && end == Array(large.suffix(2)),
      "\(volume.name): \(kind(whole)), its end \(end == Array(large.suffix(2)) ? "as written" : "\(end ?? [])")"
    )
  }

  private func others(_ volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    let (one, two) = ("\(volume.directory)/others/one", "\(volume.directory)/others/two")
    var seen: [Bool] = []
    for round: UInt8 in 1...3 {
      try await look(volume) { (view) async throws(DRError) in
        try await again { () async throws(DRError) in try await view.replace(one, with: [round]) }
        try await again { () async throws(DRError) in try await view.replace(two, with: [round]) }
      }
      seen.append(
        try await look(volume) { (view) async throws(DRError) -> Bool in
          let content = try await view.read(one)
          let names = try await view.list("\(volume.directory)/others")
          try await view.remove(two)
          return content == [round] && names == ["one", "two"]
        })
      seen.append(
        try await look(volume) { (view) async throws(DRError) -> Bool in
          let content = try await view.read(two)
          let names = try await view.list("\(volume.directory)/others")
          return content == nil && names == ["one"]
        })
    }
    book.judge(
      .freshView, seen.allSatisfy { $0 }, "\(volume.name): \(seen.count { $0 }) of \(seen.count) looks")
  }

  private func replacing(_ volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    let path = "\(volume.directory)/replaced"
    let (old, new) = (Self.bytes(200_000, 11), Self.bytes(90_000, 12))
    let (writer, reader) = (try await volume.view(), try await volume.view())
    let result: Result<(whole: Int, torn: Int), DRError>
    do throws(DRError) {
      try await again { () async throws(DRError) in try await writer.replace(path, with: old) }
      let outcome = await withTaskGroup(of: Result<[[UInt8]?], DRError>.self) { group in
        group.addTask {
          do throws(DRError) {
            for round in 1...12 {
              try await again { () async throws(DRError) in
                try await writer.replace(path, with: round % 2 == 0 ? old : new)
              }
            }
            return .success([])
          } catch { return .failure(error) }
        }
        group.addTask {
          do throws(DRError) {
            var reads: [[UInt8]?] = []
            for _ in 0..<40 {
              reads.append(try await again { () async throws(DRError) in try await reader.read(path) })
            }
            return .success(reads)
          } catch { return .failure(error) }
        }
        var all: [Result<[[UInt8]?], DRError>] = []
        while let one = await group.next() { all.append(one) }
        return all
      }
      var (whole, torn) = (0, 0)
      for part in outcome {
        for read in try part.get() { if read == old || read == new { whole += 1 } else { torn += 1 } }
      }
      result = .success((whole, torn))
    } catch { result = .failure(error) }
    await writer.close()
    await reader.close()
    let (whole, torn) = try result.get()
    book.judge(
      .replaceIsAtomic, whole == 40 && torn == 0, "\(volume.name): \(whole) reads whole, \(torn) not")
  }

  private func digesting(_ volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    var changed = Self.bytes(100_000, 21)
    let contents = [("one", changed), ("two", changed)]
    changed[50_000] ^= 1
    let all = contents + [("other", changed)]
    let plan = DigestPlan(block: 16_384)
    let sample = DigestPlan(block: plan.block, sample: BlockSample(count: 3, seed: 5))
    let (how, wholes, blocks, drawn) = try await look(volume) {
      (view) async throws(DRError) -> (String, [FileDigest?], [BlockDigests?], BlockDigests?) in
      let how = try await view.checkDigests()
      var (wholes, blocks): ([FileDigest?], [BlockDigests?]) = ([], [])
      for (name, content) in all {
        let path = "\(volume.directory)/digested-\(name)"
        try await again { () async throws(DRError) in try await view.replace(path, with: content) }
        wholes.append(try await view.digest(of: path))
        blocks.append(try await view.digests(of: path, plan))
      }
      let drawn = try await view.digests(of: "\(volume.directory)/digested-one", sample)
      return (how, wholes, blocks, drawn)
    }
    book.judge(.digestsChecked, !how.isEmpty, "\(volume.name): \(how.isEmpty ? "nothing" : how)")
    let indices = sample.indices(size: 100_000)
    let whole = blocks[0]?.blocks ?? []
    book.judge(
      .digestSample,
      drawn?.size == 100_000 && drawn?.block == plan.block && drawn?.blocks.map(\.index) == indices
        && drawn?.blocks == whole.filter { indices.contains($0.index) },
      "\(volume.name): drawn \(indices), digested \(drawn?.blocks.map(\.index) ?? [])")
    let isEqual = wholes[0] != nil && wholes[0] == wholes[1] && blocks[0] != nil && blocks[0] == blocks[1]
    let differing = blocks[0].flatMap { one in blocks[2].map { one.differing(from: $0) } } ?? []
    book.judge(
      .digests,
      isEqual && wholes[0] != wholes[2] && differing == [3] && blocks[0]?.count == 7
        && blocks[0]?.size == 100_000,
      "\(volume.name): \(isEqual ? "equal" : "not equal") for equal content, with another byte blocks \(differing) differ"
    )
  }

  private func removing(_ volume: ContractVolume, _ book: inout ContractBook) async throws(DRError) {
    let directory = "\(volume.directory)/some"
    let names = ["a", "a.lease", "a.meta", "b", "b.lease", "b.meta"]
    try await look(volume) { (view) async throws(DRError) in
      for name in names {
        let content = Array(name.utf8)
        try await again { () async throws(DRError) in
          try await view.replace("\(directory)/\(name)", with: content)
        }
      }
    }
    try await look(volume) { (view) async throws(DRError) in
      for name in names.prefix(3) {
        for _ in 0..<2 {
          try await again { () async throws(DRError) in try await view.remove("\(directory)/\(name)") }
        }
      }
    }
    let left = try await look(volume) { (view) async throws(DRError) -> [String] in
      var left: [String] = []
      for name in try await view.list(directory) ?? [] {
        left.append(
          try await view.read("\(directory)/\(name)") == Array(name.utf8) ? name : "\(name), changed")
      }
      return left
    }
    book.judge(
      .removesExactly, left == Array(names.suffix(3)), "\(volume.name): left \(left.joined(separator: ", "))")
  }
}
