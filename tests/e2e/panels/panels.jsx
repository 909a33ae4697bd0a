// Draws one dashboard with the components that Grafana draws it with. The page holds the data: window.dashboard is
// {width (px), from, to, step (ms), title, panels: [{...panel of the dashboard file, results: [[{labels, values: [[s, text]]}] per target]}],
// marks: [{name, colour, times: [ms]}]}. When all is drawn, the body has the attribute data-drawn.
import React from 'react';
import { createRoot } from 'react-dom/client';
import { applyFieldOverrides, createTheme, dateTime, FieldType, getDisplayProcessor, getFieldDisplayValues, renderLegendFormat,
  standardFieldConfigEditorRegistry, ThemeContext, toDataFrame } from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from '@grafana/ui';

const CELL_HEIGHT = 30;     // of Grafana's grid, px
const GAP = 8;
const COLUMNS = 24;
const TITLE_HEIGHT = 48;
const theme = createTheme({ colors: { mode: 'dark' } });

// Settings of a field that the dashboards use: Grafana's application registers them, its libraries only look them up.
standardFieldConfigEditorRegistry.setInit(() => [
  ...['unit', 'decimals', 'color', 'thresholds'].map((id) => setting(id, false)),
  ...['drawStyle', 'lineWidth', 'fillOpacity', 'showPoints', 'spanNulls', 'stacking', 'axisSoftMin', 'axisSoftMax'].map((id) => setting(id, true)),
]);

function setting(name, isCustom) {
  return { id: isCustom ? `custom.${name}` : name, path: name, name, isCustom, process: (value) => value, shouldApply: () => true,
    override: () => null, editor: () => null };
}

// [[ms, number or null]] of a series, with a null where steps are missing: a line must not be drawn across them.
function pointsOf(series) {
  const points = [];
  for (const [seconds, text] of series.values) {
    const last = points.at(-1);
    if (last && seconds * 1000 - last[0] > window.dashboard.step) points.push([last[0] + window.dashboard.step, null]);
    points.push([seconds * 1000, Number.isNaN(Number(text)) ? null : Number(text)]);
  }
  return points;
}

// A series of Prometheus' answer as a data frame, named by the legend's template as the data source does.
function frameOf(series, target) {
  const points = pointsOf(series);
  const legend = target.legendFormat ? renderLegendFormat(target.legendFormat, series.labels) : undefined;
  const name = legend || (Object.entries(series.labels).map(([key, value]) => `${key}="${value}"`).join(', ') || target.expr);
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: points.map(([time]) => time) },
      { name: 'Value', type: FieldType.number, labels: series.labels, config: { displayNameFromDS: name },
        values: points.map(([, value]) => value) },
    ],
  });
}

function framesOf(panel) {
  const data = panel.targets.flatMap((target, number) => panel.results[number].map((series) => frameOf(series, target)));
  const frames = applyFieldOverrides({ data, fieldConfig: panel.fieldConfig, theme, timeZone: 'utc', replaceVariables: (text) => text,
    fieldConfigRegistry: standardFieldConfigEditorRegistry });
  for (const field of frames.flatMap((frame) => frame.fields)) {
    field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
  }
  return frames;
}

// The dashboard's annotations: Grafana's own layer for them is not part of its component library.
function drawMarks(builder) {
  builder.addHook('draw', (plot) => {
    const { left, top, width, height } = plot.bbox;
    for (const { colour, times } of window.dashboard.marks) {
      for (const time of times) {
        const x = Math.round(plot.valToPos(time, 'x', true));
        if (x < left || x > left + width) continue;
        plot.ctx.save();
        plot.ctx.strokeStyle = theme.visualization.getColorByName(colour);
        plot.ctx.setLineDash([4, 4]);
        plot.ctx.beginPath();
        plot.ctx.moveTo(x, top);
        plot.ctx.lineTo(x, top + height);
        plot.ctx.stroke();
        plot.ctx.restore();
      }
    }
  });
  return null;
}

function Graph({ panel, width, height }) {
  const { from, to } = window.dashboard;
  const timeRange = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
  const frames = React.useMemo(() => framesOf(panel), [panel]);
  return (
    <TimeSeries frames={frames} width={width} height={height} timeRange={timeRange} timeZone="utc" legend={panel.options.legend}
      options={panel.options}>
      {drawMarks}
    </TimeSeries>
  );
}

function Stat({ panel, width, height }) {
  const { options } = panel;
  const values = getFieldDisplayValues({ data: framesOf(panel), fieldConfig: panel.fieldConfig, reduceOptions: options.reduceOptions,
    replaceVariables: (text) => text, theme, timeZone: 'utc' });
  return (
    <VizRepeater source={panel} width={width} height={height} orientation={options.orientation} renderCounter={0}
      getValues={() => values} getAlignmentFactors={() => ({})}
      renderValue={({ value, count, width: wide, height: high }) => (
        <BigValue value={value.display} count={count} width={wide} height={high} theme={theme} colorMode={options.colorMode}
          graphMode={options.graphMode} justifyMode={options.justifyMode} textMode={options.textMode}
          disableWideLayout={!options.wideLayout} />
      )} />
  );
}

const KINDS = { timeseries: Graph, stat: Stat };

function Panel({ panel, width, height }) {
  const Kind = KINDS[panel.type];
  if (!Kind) throw new Error(`no component for panels of type ${panel.type}`);
  const empty = panel.results.every((series) => series.length === 0);
  return (
    <PanelChrome title={panel.title} width={width} height={height}
      statusMessage={empty ? 'No data' : undefined}>
      {(innerWidth, innerHeight) => (empty ? <div>No data</div>
        : <Kind panel={panel} width={innerWidth} height={innerHeight} />)}
    </PanelChrome>
  );
}

function Row({ title }) {
  return <div style={{ ...theme.typography.h5, color: theme.colors.text.primary, padding: '4px 0' }}>⌄ {title}</div>;
}

function Dashboard() {
  const { panels, width, title } = window.dashboard;
  const column = (width - GAP) / COLUMNS;
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ ...theme.typography.h4, color: theme.colors.text.primary, position: 'absolute', left: 2 * GAP, top: 12 }}>{title}</div>
      {panels.map((panel) => {
        const { x, y, w, h } = panel.gridPos;
        const place = { position: 'absolute', left: GAP + x * column, top: TITLE_HEIGHT + y * (CELL_HEIGHT + GAP), width: w * column - GAP,
          height: h * (CELL_HEIGHT + GAP) - GAP };
        return (
          <div key={panel.id} data-panel={panel.id} style={place}>
            {panel.type === 'row' ? <Row title={panel.title} /> : <Panel panel={panel} width={place.width} height={place.height} />}
          </div>
        );
      })}
    </ThemeContext.Provider>
  );
}

document.body.style.background = theme.colors.background.canvas;
document.body.style.fontFamily = theme.typography.fontFamily;
createRoot(document.getElementById('dashboard')).render(<Dashboard />);
// Graphs set themselves up in effects; two frames after the first one all of them are painted.
requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => document.body.setAttribute('data-drawn', ''), 500)));
