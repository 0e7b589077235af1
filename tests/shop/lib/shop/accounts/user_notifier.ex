defmodule Shop.Accounts.UserNotifier do
  @moduledoc "The mails about an account. Their links are secret, so they never rest in a job table."

  alias Shop.Accounts.User
  alias Shop.Mailer

  @doc "Mails the link in the background; a lost mail can be asked for again."
  @spec confirmation(User.t(), String.t()) :: :ok
  def confirmation(%User{email: email}, url) do
    text = """
    Welcome!

    Please confirm that this address is yours:

    #{url}

    If you did not open an account, there is nothing to do.
    """

    {:ok, _pid} =
      Task.Supervisor.start_child(Shop.TaskSupervisor, fn ->
        Mailer.send_text(email, "Confirm your account", text)
      end)

    :ok
  end

  @doc "Warns a user whose password was changed, in the background."
  @spec password_changed(User.t()) :: :ok
  def password_changed(%User{email: email, updated_at: changed_at}) do
    text = """
    Your password was changed at #{changed_at}, and all other devices were logged out.

    If that was not you, please answer this mail at once.
    """

    with {:ok, _pid} <-
           Task.Supervisor.start_child(Shop.TaskSupervisor, Mailer, :send_text, [
             email,
             "Your password was changed",
             text
           ]) do
      :ok
    end
  end

  @doc "Passes a visitor's question on to the shop, in the background."
  @spec question_asked(String.t()) :: :ok
  def question_asked(question) do
    with {:ok, _pid} <-
           Task.Supervisor.start_child(Shop.TaskSupervisor, Mailer, :send_text, [
             Application.fetch_env!(:shop, :mail_sender),
             "A question",
             question
           ]) do
      :ok
    end
  end
end
