//! Logs, traces and metrics. Logs go to standard output; traces and metrics go to an OTLP endpoint if one is set.
//!
//! The W3C trace context travels in HTTP headers, outbox rows and message headers, whether or not anything is exported.

use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::TelemetrySection;

/// Flushes what is left when it is dropped.
#[derive(Debug)]
pub struct TelemetryGuard {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(provider) = &self.traces {
            let _ = provider.shutdown();
        }
        if let Some(provider) = &self.metrics {
            let _ = provider.shutdown();
        }
    }
}

/// Sets up logging and, when an endpoint is configured, the export of traces and metrics.
pub fn init(service: &'static str, section: &TelemetrySection) -> anyhow::Result<TelemetryGuard> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let resource = Resource::builder()
        .with_service_name(format!("icp-{service}"))
        .with_attribute(KeyValue::new("service.namespace", "icp"))
        .build();

    let exporting = !section.otlp_endpoint.is_empty();
    let traces = if exporting {
        let exporter =
            opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(&section.otlp_endpoint).build()?;
        SdkTracerProvider::builder().with_resource(resource.clone()).with_batch_exporter(exporter).build()
    } else {
        SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build()
    };
    let metrics = if exporting {
        let exporter =
            opentelemetry_otlp::MetricExporter::builder().with_tonic().with_endpoint(&section.otlp_endpoint).build()?;
        let provider = SdkMeterProvider::builder().with_resource(resource).with_periodic_exporter(exporter).build();
        opentelemetry::global::set_meter_provider(provider.clone());
        Some(provider)
    } else {
        None
    };

    let filter = EnvFilter::try_new(&section.log)?;
    let log = tracing_subscriber::fmt::layer();
    let log = if section.log_format == "json" { log.json().flatten_event(true).boxed() } else { log.compact().boxed() };
    tracing_subscriber::registry()
        .with(filter)
        .with(log)
        .with(exporting.then(|| tracing_opentelemetry::layer().with_tracer(traces.tracer(service))))
        .try_init()?;
    Ok(TelemetryGuard { traces: Some(traces), metrics })
}

/// The `traceparent` of the current span, if it is part of a trace.
pub fn current_traceparent() -> Option<String> {
    traceparent_of(&tracing::Span::current())
}

/// The `traceparent` of a span, if it is part of a trace.
pub fn traceparent_of(span: &tracing::Span) -> Option<String> {
    let mut carrier = Carrier(None);
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.0
}

/// Makes the sender of `traceparent` the parent of `span`.
pub fn set_parent(span: &tracing::Span, traceparent: Option<&str>) {
    if let Some(traceparent) = traceparent {
        let carrier = Carrier(Some(traceparent.to_owned()));
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        // Fails only where no OpenTelemetry layer is installed.
        let _ = span.set_parent(context);
    }
}

struct Carrier(Option<String>);

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == "traceparent" {
            self.0 = Some(value);
        }
    }
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        if key == "traceparent" { self.0.as_deref() } else { None }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}
