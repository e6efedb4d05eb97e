import Crypto
import DRKit
import GlusterFiles
import Synchronization

/// Digests the blocks of one file on many threads, each with one buffer of 1 MiB: what is in flight is bounded by their
/// number, whatever the file's size.
final class DigestJob: Sendable {
  /// What a job tells while it runs. Called from any thread, never by two at once.
  struct Listener: Sendable {
    /// Bytes of the file, blocks that will come.
    var begun: @Sendable (Int64, Int64) -> Void
    var block: @Sendable (BlockDigests.Block) -> Void

    static let none = Listener(begun: { _, _ in }, block: { _ in })
  }

  private struct State {
    var blocks: [BlockDigests.Block] = []
    var failure: DRError?
  }

  private let path: VolumePath
  private let handle: DirectoryHandle
  private let plan: DigestPlan
  private let threads: Int
  private let gate: RateGate?
  private let keepsCache: Bool
  private let state = Mutex(State())
  private let next = Atomic<Int>(0)
  private let isOver = Atomic<Bool>(false)
  private let progress: Progress
  private let readAt: BlockReader.ReadAt?

  /// - Parameters:
  ///   - rate: bytes a second over all threads; nil: unlimited.
  ///   - keepsCache: true leaves what was read in the page cache.
  init(
    _ path: VolumePath, in handle: DirectoryHandle, _ plan: DigestPlan, threads: Int, rate: Int64? = nil,
    keepsCache: Bool = false, progress: Progress = Progress(), readAt: BlockReader.ReadAt? = nil
  ) {
    self.path = path
    self.handle = handle
    self.plan = plan
    self.threads = max(1, threads)
    gate = rate.map { RateGate(rate: $0) }
    self.keepsCache = keepsCache
    self.progress = progress
    self.readAt = readAt
  }

  /// Nil when there is no such file. Call once.
  /// - Throws: as `BlockReader`; the first failure of any thread, all of which then end.
  func run(_ listener: Listener) throws(DRError) -> BlockDigests? {
    guard let reader = try openReader() else { return nil }
    let indices = plan.indices(size: reader.size)
    listener.begun(reader.size, Int64(indices.count))
    if !indices.isEmpty {
      try WorkerThreads.run(min(threads, indices.count)) { [self] _ in work(reader, indices, listener) }
    }
    let end = state.withLock { $0 }
    if let failure = end.failure { throw failure }
    try reader.checkSize()
    return BlockDigests(size: reader.size, block: plan.block, blocks: end.blocks)
  }

  private func openReader() throws(DRError) -> BlockReader? {
    if let readAt { return try BlockReader(path, in: handle, readAt: readAt) }
    return try BlockReader(path, in: handle)
  }

  private func work(_ reader: BlockReader, _ indices: [Int64], _ listener: Listener) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: BlockReader.chunk, alignment: 4_096)
    defer { buffer.deallocate() }
    while !isOver.load(ordering: .relaxed) {
      let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard turn < indices.count else { return }
      do throws(DRError) {
        guard let hash = try hash(indices[turn], reader, buffer) else { return }
        let block = BlockDigests.Block(index: indices[turn], hash: hash)
        state.withLock { state in
          state.blocks.append(block)
          listener.block(block)
        }
      } catch {
        isOver.store(true, ordering: .relaxed)
        state.withLock { state in if state.failure == nil { state.failure = error } }
        return
      }
    }
  }

  /// Nil when another thread has failed meanwhile.
  private func hash(
    _ index: Int64, _ reader: BlockReader, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(DRError) -> BlockHash? {
    var hash = SHA256()
    let begin = index * plan.block
    let end = begin + min(plan.block, reader.size - begin)
    var offset = begin
    while offset < end {
      let count = Int(min(Int64(BlockReader.chunk), end - offset))
      gate?.take(count) { isOver.load(ordering: .relaxed) }
      if isOver.load(ordering: .relaxed) { return nil }
      try reader.update(&hash, at: offset, count, through: buffer)
      offset += Int64(count)
      progress.add(count)
    }
    if !keepsCache { reader.dropCache(begin..<end) }
    return BlockHash(hash.finalize())
  }
}
