# The Elixir side of `elixir_oracle.py`: answers questions about Elixir text with Elixir's own parser
# and formatter. Runs on Elixir 1.14 and later, without Mix and without any dependency.
#
# A message is a 32-bit big-endian byte count and a body. A body is a list of fields, each again a
# 32-bit count and that many bytes of UTF-8. A request is the operation, its options (a literal Elixir
# keyword list) and the snippets; a reply has one field for each snippet: `+` and the answer, or `-`
# and the reason why there is none.
defmodule Oracle do
  def serve do
    # A port, not the IO server: no re-encoding, and the runtime does the framing.
    port = Port.open({:fd, 0, 1}, [:binary, :eof, packet: 4])
    send_fields(port, ["+" <> System.version()])
    loop(port)
  end

  defp loop(port) do
    receive do
      {^port, {:data, body}} ->
        [operation, options | snippets] = fields(body)
        {options, []} = Code.eval_string(options)
        send_fields(port, answer_all(operation, options, snippets))
        loop(port)

      {^port, :eof} ->
        :ok
    end
  end

  defp answer_all("ast_equal", options, snippets) do
    snippets |> Enum.chunk_every(2) |> each_answer(&answer("ast_equal", options, &1))
  end

  defp answer_all(operation, options, snippets) do
    each_answer(snippets, &answer(operation, options, &1))
  end

  defp each_answer(inputs, fun) do
    inputs
    |> Task.async_stream(fun, ordered: true, timeout: :infinity)
    |> Enum.map(fn {:ok, answer} -> answer end)
  end

  defp answer(operation, options, input) do
    "+" <> run(operation, options, input)
  rescue
    # The tokenizer itself raises on text that is not UTF-8, EEx on every syntax error.
    error -> "-" <> place(error) <> Exception.message(error)
  catch
    {:refused, reason} -> "-" <> reason
  end

  defp run("parse", _options, code) do
    quoted(code)
    ""
  end

  defp run("eex", _options, template) do
    EEx.compile_string(template, file: "nofile", emit_warnings: false)
    ""
  end

  defp run("format", options, code) do
    case code |> Code.format_string!(options) |> IO.iodata_to_binary() do
      "" -> ""
      # `mix format` ends a file with one newline; `Code.format_string!/2` leaves that to its caller.
      formatted -> formatted <> "\n"
    end
  end

  defp run("ast_equal", _options, [left, right]) do
    if bare(quoted(left)) == bare(quoted(right)), do: "true", else: "false"
  end

  defp quoted(code) do
    case Code.string_to_quoted(code, columns: true, emit_warnings: false) do
      {:ok, quoted} -> quoted
      {:error, {meta, message, token}} -> throw({:refused, refusal(meta, message, token)})
    end
  end

  defp refusal(meta, {prefix, suffix}, token), do: refusal(meta, "#{prefix}#{token}#{suffix}", "")
  defp refusal(meta, message, token), do: "line #{meta[:line]}: #{message}#{token}"

  defp place(%{line: line}) when is_integer(line), do: "line #{line}: "
  defp place(_error), do: ""

  defp bare(quoted), do: Macro.prewalk(quoted, &Macro.update_meta(&1, fn _meta -> [] end))

  defp send_fields(port, fields) do
    Port.command(port, Enum.map(fields, &[<<byte_size(&1)::32>>, &1]))
  end

  defp fields(<<>>), do: []
  defp fields(<<size::32, field::binary-size(size), rest::binary>>), do: [field | fields(rest)]
end

Oracle.serve()
