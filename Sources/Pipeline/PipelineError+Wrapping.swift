public import Corpus
public import Evaluation
public import Report
public import Search
public import Shearing
public import SuperNetwork
public import Torch
public import Training
public import Transformer

// Each runs another module's work and turns its error into the pipeline's.

/// - Throws: `PipelineError.corpus` with what `body` throws.
public func withCorpus<R>(_ body: () throws(CorpusError) -> R) throws(PipelineError) -> R {
    do throws(CorpusError) { return try body() } catch { throw .corpus(error) }
}

/// - Throws: `PipelineError.evaluation` with what `body` throws.
public func withEvaluation<R>(_ body: () throws(EvaluationError) -> R) throws(PipelineError) -> R {
    do throws(EvaluationError) { return try body() } catch { throw .evaluation(error) }
}

/// - Throws: `PipelineError.report` with what `body` throws.
public func withReport<R>(_ body: () throws(ReportError) -> R) throws(PipelineError) -> R {
    do throws(ReportError) { return try body() } catch { throw .report(error) }
}

/// - Throws: `PipelineError.search` with what `body` throws.
public func withSearch<R: ~Copyable>(_ body: () throws(SearchError) -> R) throws(PipelineError) -> R {
    do throws(SearchError) { return try body() } catch { throw .search(error) }
}

/// - Throws: `PipelineError.shearing` with what `body` throws.
public func withShearing<R>(_ body: () throws(ShearingError) -> R) throws(PipelineError) -> R {
    do throws(ShearingError) { return try body() } catch { throw .shearing(error) }
}

/// - Throws: `PipelineError.superNetwork` with what `body` throws.
public func withSuperNetwork<R>(_ body: () throws(SuperNetworkError) -> R) throws(PipelineError) -> R {
    do throws(SuperNetworkError) { return try body() } catch { throw .superNetwork(error) }
}

/// - Throws: `PipelineError.torch` with what `body` throws.
public func withTorch<R>(_ body: () throws(TorchError) -> R) throws(PipelineError) -> R {
    do throws(TorchError) { return try body() } catch { throw .torch(error) }
}

/// - Throws: `PipelineError.training` with what `body` throws.
public func withTraining<R>(_ body: () throws(TrainingError) -> R) throws(PipelineError) -> R {
    do throws(TrainingError) { return try body() } catch { throw .training(error) }
}

/// - Throws: `PipelineError.transformer` with what `body` throws.
public func withTransformer<R>(_ body: () throws(TransformerError) -> R) throws(PipelineError) -> R {
    do throws(TransformerError) { return try body() } catch { throw .transformer(error) }
}
