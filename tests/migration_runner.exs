# Runs migrations with a stand-in for Ecto.Migration that records what they would do, forwards and
# backwards. The reverses are those of Ecto.Migration.Runner (ecto_sql 3.13); what Ecto refuses to
# reverse raises here too.
#
# Arguments are paths of migrations. Each answers with two blocks of lines, the commands of `up` and
# those of `down`, every block ended by an empty line.
defmodule Ecto.Migration do
  defmacro __using__(_options) do
    quote do
      import Ecto.Migration
      Module.register_attribute(__MODULE__, :disable_ddl_transaction, persist: true)
      Module.register_attribute(__MODULE__, :disable_migration_lock, persist: true)
      @before_compile Ecto.Migration
    end
  end

  defmacro __before_compile__(_env) do
    quote do
      def __migration__ do
        [
          disable_ddl_transaction: @disable_ddl_transaction || false,
          disable_migration_lock: @disable_migration_lock || false
        ]
      end
    end
  end

  def table(name, options \\ []), do: {:table, to_string(name), options}

  def index(table, columns, options \\ []) do
    name = options[:name] || default_name(table, List.wrap(columns))
    {:index, to_string(table), List.wrap(columns), Keyword.put(options, :name, to_string(name))}
  end

  def unique_index(table, columns, options \\ []) do
    index(table, columns, Keyword.put(options, :unique, true))
  end

  def constraint(table, name, options), do: {:constraint, to_string(table), name, options}
  def references(table, options \\ []), do: {:references, to_string(table), options}
  def fragment(sql), do: {:fragment, sql}

  defmacro create(object, do: block), do: lines(:create, object, block)
  defmacro alter(object, do: block), do: lines(:alter, object, block)

  defp lines(verb, object, block) do
    quote do
      Process.put(:lines, [])
      unquote(block)
      Ecto.Migration.record({unquote(verb), unquote(object), Enum.reverse(Process.get(:lines))})
    end
  end

  def create({:table, _, _} = table), do: record({:create, table, []})
  def create(object), do: record({:create, object})
  def drop(object), do: record({:drop, object})
  def execute(up, down), do: record({:execute, up, down})

  def add(name, type, options \\ []) when is_atom(name), do: line({:add, name, type, options})
  def modify(name, type, options \\ []), do: line({:modify, name, type, options})
  def remove(name, type, options \\ []), do: line({:remove, name, type, options})

  def timestamps(options \\ []) do
    {type, options} = Keyword.pop(options, :type, :naive_datetime)
    options = Keyword.put_new(options, :null, false)
    add(:inserted_at, type, options)
    add(:updated_at, type, options)
  end

  def record(command), do: Process.put(:commands, [command | Process.get(:commands)])

  def reverse({:create, {:table, _, _} = table, _lines}), do: {:drop, table}
  def reverse({:create, object}), do: {:drop, object}
  def reverse({:drop, {:index, _, _, _} = index}), do: {:create, index}
  def reverse({:execute, up, down}), do: {:execute, down, up}
  def reverse({:alter, table, lines}), do: {:alter, table, lines |> Enum.reverse() |> Enum.map(&back/1)}

  defp back({:add, name, type, options}), do: {:remove, name, type, options}
  defp back({:remove, name, type, options}), do: {:add, name, type, options}

  defp back({:modify, name, type, options}) do
    {before, options_before} =
      case Keyword.fetch!(options, :from) do
        {before, list} when is_list(list) -> {before, list}
        before -> {before, []}
      end

    now = {type, Keyword.delete(options, :from)}
    {:modify, name, before, Keyword.put(options_before, :from, now)}
  end

  defp line(command), do: Process.put(:lines, [command | Process.get(:lines)])

  defp default_name(table, columns) do
    Enum.map_join([table | columns] ++ ["index"], "_", &to_string/1)
  end
end

defmodule Run do
  def direction(module, direction) do
    Process.put(:commands, [])

    commands =
      case {function_exported?(module, :change, 0), direction} do
        {true, :up} -> forward(module, :change)
        {true, :down} -> module |> forward(:change) |> Enum.reverse() |> Enum.map(&Ecto.Migration.reverse/1)
        {false, direction} -> forward(module, direction)
      end

    attributes = for {name, true} <- module.__migration__(), do: "@#{name}"
    Enum.each(attributes ++ commands, &IO.puts(line(&1)))
    IO.puts("")
  end

  defp forward(module, function) do
    apply(module, function, [])
    Enum.reverse(Process.get(:commands))
  end

  defp line("@" <> _ = attribute), do: attribute
  defp line(command), do: inspect(command, limit: :infinity, printable_limit: :infinity, width: 100_000)
end

for path <- System.argv() do
  [{module, _} | _] = Code.compile_file(path)
  Run.direction(module, :up)
  Run.direction(module, :down)
end
